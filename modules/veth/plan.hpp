// What an endpoint looks like in the kernel, decided without touching it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/rule.hpp"
#include "terway/types.hpp"

namespace terway::veth {

// Link group of every host end in service; the guard filters by it.
inline constexpr std::uint32_t kLinkGroup = 0x54575230;  // "TWR0"

// Every host end has the same MAC, so a pod's gateway neighbour never changes. Locally
// administered, and the value Calico chose for the same purpose.
inline constexpr Mac kHostMac{{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}};

// Policy rules of a pod whose address belongs to an ENI. The table of an ENI has a fixed distance
// from its index.
inline constexpr std::uint32_t kToPodPriority = 512;
inline constexpr std::uint32_t kFromPodPriority = 2048;
inline constexpr std::uint32_t kFirstEniTable = 1000;

// What holds for every endpoint of the node.
struct NodeFacts {
    std::uint32_t mtu = 1500;
    bool eni_pods = false;             // there are pods on ENIs, or may be
    std::vector<IpAddress> addresses;  // the node's own; at most one a family
};

// One pod and its host end.
struct Plan {
    std::string host_ifname;
    std::string pod_ifname;
    std::string alias;  // marks the host end as this endpoint's: "terway <container id>/<ifname>"
    Mac pod_mac;        // derived from the key, so that nothing must be remembered
    std::uint32_t mtu = 0;
    std::vector<Prefix> addresses;    // host prefixes
    std::vector<IpAddress> gateways;  // 169.254.1.1, fe80::1, as the families need
    bool rule_to = false;            // a rule leads to it before one that leads a sender to its ENI
    bool by_rules = false;           // its addresses are an ENI's: rules decide the way out
    std::uint32_t eni_table = 0;     // the one they lead to; 0 when nobody remembers the ENI
    std::vector<IpAddress> sources;  // what the host itself speaks to the pod as; may be none
    [[nodiscard]] bool has_v6() const;
};

// Throws Error(Invalid) for an endpoint that cannot be: a name too long, an address that is no host
// prefix.
[[nodiscard]] Plan plan(const sdk::EndpointView& endpoint, const NodeFacts& node);

// In the pod.
[[nodiscard]] std::vector<netlink::Neighbour> pod_neighbours(const Plan& plan,
                                                             std::uint32_t pod_ifindex);
[[nodiscard]] std::vector<netlink::Route> pod_routes(const Plan& plan, std::uint32_t pod_ifindex);
// On the host.
[[nodiscard]] std::vector<netlink::Neighbour> host_neighbours(const Plan& plan,
                                                              std::uint32_t host_ifindex);
[[nodiscard]] std::vector<netlink::Route> host_routes(const Plan& plan, std::uint32_t host_ifindex);
[[nodiscard]] std::vector<netlink::Rule> host_rules(const Plan& plan);

}  // namespace terway::veth
