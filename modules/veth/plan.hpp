// What an endpoint looks like in the kernel, decided without touching it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/route.hpp"
#include "routed/pair.hpp"
#include "terway/types.hpp"

namespace terway::veth {

// Link group of every host end in service; the guard filters by it.
inline constexpr std::uint32_t kLinkGroup = 0x54575230;  // "TWR0"

using Plan = routed::Pair;  // one pod and its host end
using routed::host_neighbours;
using routed::host_routes;
using routed::host_rules;
using routed::kFirstEniTable;
using routed::kFromPodPriority;
using routed::kHostMac;
using routed::kToPodPriority;
using routed::pod_neighbours;

// What holds for every endpoint of the node.
struct NodeFacts {
    std::uint32_t mtu = 1500;
    bool guarded = true;               // by the source guard
    bool eni_pods = false;             // there are pods on ENIs, or may be
    std::vector<IpAddress> addresses;  // the node's own; at most one a family
};

// Throws Error(Invalid) for an endpoint that cannot be: a name too long, an address that is no host
// prefix.
[[nodiscard]] Plan plan(const sdk::EndpointView& endpoint, const NodeFacts& node);

[[nodiscard]] std::vector<netlink::Route> pod_routes(const Plan& plan, std::uint32_t pod_ifindex);

}  // namespace terway::veth
