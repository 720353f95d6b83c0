// Symmetric routing: a connection from outside that entered by the uplink and was handed to a pod
// on another ENI (NodePort, hostPort) is answered by the uplink. The mark is set in nftables
// (guard.hpp); this is the rule that obeys it.
#pragma once

#include <cstdint>

#include "netlink/socket.hpp"

namespace terway::veth {

inline constexpr std::uint32_t kReturnMark = 0x10;  // also the mask: one bit
inline constexpr std::uint32_t kReturnPriority = 600;
inline constexpr std::uint32_t kReturnTable = 100;

// Follows the default routes of the main table; a family without one gets none.
void ensure_return_path(netlink::Socket& socket);
void remove_return_path(netlink::Socket& socket);
// Throws Error naming what is missing.
void check_return_path(netlink::Socket& socket);

}  // namespace terway::veth
