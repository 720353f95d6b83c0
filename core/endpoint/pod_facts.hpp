// What decides which chain a pod gets, and the decision. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "cni/request.hpp"
#include "endpoint/operation.hpp"
#include "pool/address_pool.hpp"
#include "profile/profile.hpp"

namespace terway::endpoint {

// Empty where nothing is known, as outside Kubernetes.
struct PodFacts {
    std::string pod_namespace;
    std::string name;
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> annotations;
    // What the containers ask for, all together: "aliyun/eni" -> 1.
    std::map<std::string, std::uint64_t> resources;
    bool keeps_addresses = false;  // they wait for the pod's name to return

    bool operator==(const PodFacts&) const = default;
};

// Who knows pods. Any thread.
class PodSource {
public:
    virtual ~PodSource() = default;
    // Throws Error if it cannot be known now, or if the pod has no business here.
    [[nodiscard]] virtual PodFacts facts(const cni::Request& request,
                                         const Operation& operation) = 0;
};

// Knows what the runtime said and nothing else:
//     namespace, name   K8S_POD_NAMESPACE and K8S_POD_NAME of CNI_ARGS
//     annotations       the capability io.kubernetes.cri.pod-annotations
//     labels            args.cni.labels of the network configuration
//     resources         args.terway.resources, and TERWAY_RESOURCES of CNI_ARGS before it
class RequestPodSource final : public PodSource {
public:
    [[nodiscard]] PodFacts facts(const cni::Request& request, const Operation& operation) override;
};

// Borrows the profile.
struct Choice {
    const profile::Chain& chain;
    std::optional<std::size_t> rule;  // index in profile.rules; absent: [chain] itself
};

[[nodiscard]] bool holds(const profile::ChainConditions& when, const PodFacts& pod);
// The chain of the first rule that holds, else [chain].
[[nodiscard]] Choice choose(const profile::Profile& profile, const PodFacts& pod);

// What the profile calls a source of addresses, to the pool.
[[nodiscard]] pool::Source source_of(profile::AddressSource source);

}  // namespace terway::endpoint
