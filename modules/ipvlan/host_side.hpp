// Kernel work on the host for one endpoint: its routes through the host's slave.
#pragma once

#include "netlink/socket.hpp"
#include "plan.hpp"

namespace terway::ipvlan {

// Replaces what leads to the addresses elsewhere. Throws Error(Retry) if the host has no slave
// of the ENI.
void open_way(netlink::Socket& socket, const Plan& plan);
// Also for an endpoint whose addresses nobody remembers.
void close_way(netlink::Socket& socket, const Plan& plan);
// Puts back what is missing; disturbs nothing that is there.
void repair_way(netlink::Socket& socket, const Plan& plan);
// Throws Error naming the first thing that is missing.
void check_way(netlink::Socket& socket, const Plan& plan);

}  // namespace terway::ipvlan
