// Connection tracking: forgetting what the node remembers of an address that changes hands.
#pragma once

#include <cstddef>
#include <span>

#include "base/address.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink {

// Deletes every tracked connection one of whose four addresses (source and destination, original
// and reply) is one of `addresses`; answers how many. One listing a family however many addresses.
// `socket` is a NETLINK_NETFILTER one. Throws Error; a kernel without connection tracking tracks
// nothing, so that is no error.
std::size_t flush_conntrack(Socket& socket, std::span<const IpAddress> addresses);

}  // namespace terway::netlink
