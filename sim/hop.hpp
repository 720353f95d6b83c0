// Point-to-point next hops without addresses: a route names them, a permanent neighbour entry gives
// them a MAC.
#pragma once

#include <cstdint>

#include "base/address.hpp"
#include "netlink/route.hpp"
#include "netlink/socket.hpp"

namespace terway::sim {

// The far end of any link of the fabric.
[[nodiscard]] IpAddress far_end(Family family);
void ensure_far_end(netlink::Socket& socket, std::uint32_t link, const Mac& mac);
// To `destination` through the far end of `link`.
[[nodiscard]] netlink::Route through(const Prefix& destination, std::uint32_t link);

}  // namespace terway::sim
