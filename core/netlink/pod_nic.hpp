// A NIC whose addresses pods have, as the node itself uses it: what every dataplane that shares
// ENIs among pods makes of it, whatever it adds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/link.hpp"
#include "netlink/socket.hpp"
#include "terway/types.hpp"

namespace terway::netlink {

struct PodNic {
    std::string id;  // the cloud's, for texts
    std::uint32_t ifindex = 0;
    Mac mac;
    std::uint32_t mtu = 0;
    std::vector<Prefix> subnets;
    std::vector<Prefix> addresses;  // the node's own of the subnets' families, as host prefixes

    [[nodiscard]] bool has(Family family) const;
    [[nodiscard]] bool has_v6() const { return has(Family::V6); }
};

// Pure.
[[nodiscard]] PodNic pod_nic(const sdk::EniView& eni, const std::vector<IpAddress>& node,
                             std::uint32_t mtu);

// "ENI eni-1 (eth1)".
[[nodiscard]] std::string text(const PodNic& nic, const Link& link);
// Throws Error(Gone) if the NIC is not at its index any more.
[[nodiscard]] Link required_link(Socket& socket, const PodNic& nic);

// Up, with its MTU and the node's addresses, without those a DHCP client or a router gave it. The
// node's own one lets the kernel validate sources loosely, which it does not on a link with none.
void own_link(Socket& socket, const PodNic& nic, const Link& link);
// Throws Error(Internal) naming what differs of that.
void check_owned(Socket& socket, const PodNic& nic, const Link& link);
// Takes the node's addresses back.
void disown_link(Socket& socket, const PodNic& nic, const Link& link);

}  // namespace terway::netlink
