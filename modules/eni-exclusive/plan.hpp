// What a pod with an ENI of its own looks like in the kernel, decided without touching it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "netlink/route.hpp"
#include "routed/pair.hpp"
#include "terway/types.hpp"

namespace terway::eni_exclusive {

// Link group of every host end in service; the guard and the masquerade match by it.
inline constexpr std::uint32_t kLinkGroup = 0x54575231;  // "TWR1"

// What holds for every endpoint of the node.
struct NodeFacts {
    std::uint32_t mtu = 1500;
    bool host_peer = true;
    std::vector<IpAddress> addresses;  // the node's own; at most one a family
    std::vector<Prefix> beyond_peer;   // Services and what the host's stack serves
};

struct Plan {
    std::string ifname;               // the ENI's, in the pod
    std::string owner;                // the endpoint, as a mark names it (see below)
    std::string eni_id;               // for texts
    std::uint32_t eni_hint = 0;       // its ifindex when it was given out
    Mac eni_mac;                      // zeros when nobody remembers
    std::uint32_t mtu = 0;            // of the ENI while the pod has it
    std::uint32_t home_mtu = 0;       // and while the node has it
    std::vector<Prefix> addresses;    // host prefixes
    std::vector<IpAddress> gateways;  // the VPC's
    bool has_peer = true;
    routed::Pair pair;                // the peer: "veth1" in the pod and its host end
    std::vector<Prefix> beyond_peer;  // what the pod reaches through it, the node included
    [[nodiscard]] bool has_v6() const { return pair.has_v6(); }
};

// Whether there is a peer was decided when the pod came. Throws Error(Invalid) for an endpoint that
// cannot be.
[[nodiscard]] Plan plan(const sdk::EndpointView& endpoint, const NodeFacts& node);

// "veth1" beside "eth0"; beside another name "v" and that name.
[[nodiscard]] std::string peer_ifname(const std::string& ifname);

// In the pod, in the order to add them.
[[nodiscard]] std::vector<netlink::Route> eni_routes(const Plan& plan, std::uint32_t eni_ifindex);
[[nodiscard]] std::vector<netlink::Route> peer_routes(const Plan& plan, std::uint32_t peer_ifindex);

// What an ENI's alias says while it is lent: to whom, and its name at home. An alias stays with the
// device wherever it goes, also when the kernel puts it back because the sandbox died.
struct Mark {
    std::string owner;
    std::string home_name;

    [[nodiscard]] std::string text() const;
    // Empty for an alias that is no mark.
    [[nodiscard]] static std::optional<Mark> parse(std::string_view alias);
};

// A name for an ENI that no other link can have: "eni" and the hex digits of its MAC.
[[nodiscard]] std::string spare_name(const Mac& mac);

// What must be remembered of an endpoint: indexes that only the sandbox could tell.
struct Memory {
    std::uint32_t eni_ifindex = 0;
    std::uint32_t peer_ifindex = 0;

    [[nodiscard]] std::string text() const;
    [[nodiscard]] static Memory parse(std::string_view state);
};

}  // namespace terway::eni_exclusive
