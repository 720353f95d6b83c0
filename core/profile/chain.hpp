// Which modules serve a pod and where its addresses come from; and the rules that choose it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "profile/diagnostic.hpp"

namespace terway::profile {

enum class AddressSource : std::uint8_t {
    PodCidr,       // the node's own ranges
    Eni,           // secondary addresses of the node's ENIs
    ExclusiveEni,  // a whole ENI for each pod
};

// As in the profile: "pod-cidr", "eni", "exclusive-eni".
[[nodiscard]] std::string_view name_of(AddressSource source);

// Module ids, in the order of attach.
struct Chain {
    std::string dataplane;
    std::optional<std::string> qos;
    std::optional<std::string> policy;
    std::optional<std::string>
        fallback;  // new pods' dataplane on a node that cannot run `dataplane`
    AddressSource addresses = AddressSource::PodCidr;
    Place place;  // of the table that says so, for complaints

    // Without the absent ones; a module that fills two places appears once.
    [[nodiscard]] std::vector<std::string> ids() const;
    [[nodiscard]] bool from_enis() const noexcept { return addresses != AddressSource::PodCidr; }
};

// A label or an annotation: the key is there and, if `value` is, has it.
struct KeyCondition {
    std::string key;
    std::optional<std::string> value;

    bool operator==(const KeyCondition&) const = default;
};

// All that are given must hold.
struct ChainConditions {
    std::optional<std::string> resource;       // a container of the pod asks for it
    std::optional<std::string> pod_namespace;  // a pattern, "*" matches any run of characters
    std::optional<KeyCondition> label;
    std::optional<KeyCondition> annotation;

    [[nodiscard]] bool none() const noexcept {
        return !resource && !pod_namespace && !label && !annotation;
    }
    // True if these hold for every pod for which `other` holds; not every such case is recognised.
    [[nodiscard]] bool cover(const ChainConditions& other) const;

    bool operator==(const ChainConditions&) const = default;
};

// One [[chain.when]]. What it does not say, the chain has from [chain].
struct ChainRule {
    ChainConditions when;
    Chain chain;
};

}  // namespace terway::profile
