// A veth pair of which one end is a pod's and the other is routed on the host, decided without
// touching the kernel. Shared by the dataplanes that have such a pair. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/route.hpp"
#include "netlink/rule.hpp"
#include "terway/types.hpp"

namespace terway::routed {

// Every host end has the same MAC, so a pod's gateway neighbour never changes. Locally
// administered, and the value Calico chose for the same purpose.
inline constexpr Mac kHostMac{{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}};

// Policy rules of a pod whose address belongs to an ENI. The table of an ENI has a fixed distance
// from its index.
inline constexpr std::uint32_t kToPodPriority = 512;
inline constexpr std::uint32_t kFromPodPriority = 2048;
inline constexpr std::uint32_t kFirstEniTable = 1000;

struct Pair {
    std::string host_ifname;
    std::string pod_ifname;
    std::string alias;  // marks the host end as this endpoint's: "terway <container id>/<ifname>"
    Mac pod_mac;        // derived from the key, so that nothing must be remembered
    std::uint32_t mtu = 0;
    std::uint32_t group = 0;        // link group of a host end in service; the guard filters by it
    std::vector<Prefix> addresses;  // host prefixes
    std::vector<IpAddress> gateways;  // 169.254.1.1, fe80::1, as the families need
    bool guarded = false;             // the source guard vouches for what comes in by the host end
    bool rule_to = false;         // a policy rule leads to the pod, before those that lead others
                                  // to their ENIs
    bool rule_from = false;       // one leads its packets to its ENI
    std::uint32_t eni_table = 0;  // of that ENI; 0 when nobody remembers it
    std::vector<IpAddress> sources;  // what the host itself speaks to the pod as; may be none
    [[nodiscard]] bool has_v6() const;
};

// Names, MAC, addresses and gateways of an endpoint's pair; `mtu` unless the endpoint has one.
// Throws Error(Invalid) for an endpoint that cannot be: a name too long, an address that is no host
// prefix.
[[nodiscard]] Pair pair(const sdk::EndpointView& endpoint, const std::string& pod_ifname,
                        std::uint32_t mtu);

// 0.0.0.0/0, ::/0.
[[nodiscard]] const Prefix& everything(Family family);

// In the pod.
[[nodiscard]] std::vector<netlink::Neighbour> pod_neighbours(const Pair& pair,
                                                             std::uint32_t pod_ifindex);
// On the host.
[[nodiscard]] std::vector<netlink::Neighbour> host_neighbours(const Pair& pair,
                                                              std::uint32_t host_ifindex);
[[nodiscard]] std::vector<netlink::Route> host_routes(const Pair& pair, std::uint32_t host_ifindex);
[[nodiscard]] std::vector<netlink::Rule> host_rules(const Pair& pair);

}  // namespace terway::routed
