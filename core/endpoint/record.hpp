// What the daemon knows about one endpoint: identity, wish, and the durable record. Pure data.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "endpoint/priority.hpp"
#include "endpoint/rate.hpp"
#include "pool/address_pool.hpp"

namespace terway::endpoint {

// Identity of one container interface, as CNI has it.
struct EndpointKey {
    std::string container_id;
    std::string ifname;

    // "0123456789ab/eth0": for logs and errors; the container id is cut to 12 characters.
    [[nodiscard]] std::string text() const;
    // The same with the whole container id; unique, fit to name an owner.
    [[nodiscard]] std::string full_text() const;

    // clang-tidy 14 takes the 0 inside for a null pointer. NOLINTNEXTLINE(modernize-use-nullptr)
    auto operator<=>(const EndpointKey&) const = default;
};

enum class EndpointState : std::uint8_t { Adding, Ready, Deleting };
enum class ModuleRole : std::uint8_t { Dataplane, Qos, Policy };

[[nodiscard]] std::string_view name_of(EndpointState state);  // "adding" "ready" "deleting"
[[nodiscard]] std::string_view name_of(ModuleRole role);      // "dataplane" "qos" "policy"
[[nodiscard]] std::string_view name_of(pool::Source source);  // "pod-cidr" "eni" "exclusive-eni"

// One module of the endpoint's chain, pinned when the endpoint was added.
struct ModulePin {
    ModuleRole role = ModuleRole::Dataplane;
    std::string id;
    std::string version;
    std::string state;  // the module's own bytes, any value (twy_host.put_state)

    bool operator==(const ModulePin&) const = default;
};

// What is wanted; twy_endpoint is made from it.
struct EndpointSpec {
    EndpointKey key;
    std::string network;  // the CNI network's name
    std::string netns;    // path of the sandbox; may be gone
    std::string pod_namespace;
    std::string pod_name;
    std::string pod_uid;
    pool::Source source = pool::Source::PodCidr;  // of the addresses
    std::vector<Prefix> addresses;                // host prefixes, at most one a family
    std::vector<Prefix> gateways;
    std::string eni;                // id of the ENI that carries them; empty in VPC route mode
    std::uint32_t eni_ifindex = 0;  // its NIC; 0 in VPC route mode
    Mac eni_mac;                    // zeros in VPC route mode
    std::vector<Prefix> subnets;    // of the ENI's vSwitch; none in VPC route mode
    std::string sticky;     // "namespace/name" if the pod gets its addresses again; else empty
    std::uint32_t mtu = 0;  // bytes; 0: the module's default
    std::uint64_t ingress_bps = 0;  // bits per second towards the pod; 0: unlimited
    std::uint64_t egress_bps = 0;
    std::uint64_t ingress_burst = 0;  // bits; 0: the module's own choice
    std::uint64_t egress_burst = 0;
    // By the pod's annotations as they were last seen. The limits may be others, of the runtime.
    Rates annotated;
    Priority priority = Priority::None;  // of what the pod sends
    std::string host_ifname;

    bool operator==(const EndpointSpec&) const = default;
};

// What the dataplane made; twy_attachment is made from it.
struct Attachment {
    std::uint32_t host_ifindex = 0;
    std::uint32_t pod_ifindex = 0;
    std::uint32_t side_ifindex = 0;  // of a second link in the sandbox; 0: there is none
    std::uint32_t mtu = 0;
    Mac pod_mac;
    Mac host_mac;
    std::string host_ifname;
    std::vector<Prefix> gateways;  // the pod's next hops, as host prefixes

    bool operator==(const Attachment&) const = default;
};

// The durable record: written before the first change to the kernel, erased after the last.
struct EndpointRecord {
    EndpointSpec spec;
    EndpointState state = EndpointState::Adding;
    std::vector<ModulePin> chain;          // in the order of attaching
    std::optional<Attachment> attachment;  // absent until the dataplane has attached
    std::string result;  // the CNI result, JSON text as printed; empty until Ready
    WallTime created{};
    std::string traceparent;

    [[nodiscard]] const EndpointKey& key() const noexcept { return spec.key; }

    bool operator==(const EndpointRecord&) const = default;
};

// One JSON object with a "version" member. Whatever the strings hold, record_from_json gives the
// same record back.
[[nodiscard]] std::string to_json(const EndpointRecord& record);

// Ignores members it does not know. Throws Error(Invalid), naming `name` and the member, when one
// is missing or of the wrong type; Error(Unsupported) for a record of a later version.
[[nodiscard]] EndpointRecord record_from_json(std::string_view text, std::string_view name);

}  // namespace terway::endpoint

template <>
struct std::hash<terway::endpoint::EndpointKey> {
    [[nodiscard]] std::size_t operator()(const terway::endpoint::EndpointKey& key) const noexcept {
        const std::hash<std::string> of;
        return of(key.container_id) * 31 + of(key.ifname);
    }
};
