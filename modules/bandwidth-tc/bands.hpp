// The bands of an ENI: the queues whose packets wait for those of the bands before.
#pragma once

#include <string>

#include "netlink/link.hpp"
#include "netlink/socket.hpp"

namespace terway::bandwidth_tc {

// Idempotent; `name` is for texts. Takes the place of what the kernel gives a link by itself.
// Throws Error(Unsupported) if somebody else has put a qdisc there.
void ensure_bands(netlink::Socket& socket, const netlink::Link& eni, const std::string& name);
// Throws Error naming the first thing that is missing or differs.
void check_bands(netlink::Socket& socket, const netlink::Link& eni, const std::string& name);
// Of all links. The kernel gives them back what it gives every link.
void remove_bands(netlink::Socket& socket);

}  // namespace terway::bandwidth_tc
