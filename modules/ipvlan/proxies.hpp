// What the host's slave of an ENI answers for: addresses of the ENI that pods of other dataplanes
// have. A pod of ours looks for them on the ENI; told the MAC that all slaves share, it sends to
// itself, and what ipvlan finds no slave for there it hands to the host.
#pragma once

#include "eni_plan.hpp"
#include "netlink/socket.hpp"

namespace terway::ipvlan {

// Adds what is missing and removes what is too much.
void ensure_proxies(netlink::Socket& socket, const EniPlan& plan, std::uint32_t slave_ifindex);
// Throws Error naming the first difference.
void check_proxies(netlink::Socket& socket, const EniPlan& plan, std::uint32_t slave_ifindex);

}  // namespace terway::ipvlan
