// What lies outside the VPC: its NAT and IPv6 gateway, and a host on the internet.
#pragma once

#include <set>

#include "base/address.hpp"
#include "base/netns.hpp"
#include "netlink/socket.hpp"
#include "sim/nft.hpp"
#include "sim/registration.hpp"

namespace terway::sim {

// The host: 203.0.113.10 and 2001:db8:ffff::10 in the namespace "internet". The gateway, in "nat",
// hides the VPC's IPv4 addresses behind 203.0.113.1 and routes its IPv6 addresses; both let out
// only sources in the given prefixes and let in only answers. Namespaces belong to the
// registration. One thread at a time.
class Outside {
public:
    // Adds the link "uplink" to the fabric, whose namespace and socket are given. Throws Error.
    Outside(Registration& registration, const Netns& fabric, netlink::Socket& fabric_socket);

    // Lets these sources out as well. Throws Error.
    void admit(const std::set<Prefix>& inside);

private:
    Netns gateway_;
    Netns host_;
    netlink::Socket socket_;  // of the gateway
    Nft nft_;
    std::uint32_t vpc_link_ = 0;
    std::set<Prefix> inside_;
};

}  // namespace terway::sim
