// The queue of one link that keeps to a shape.
#pragma once

#include <cstdint>
#include <string>

#include "netlink/socket.hpp"
#include "shape.hpp"

namespace terway::bandwidth_tc {

// Idempotent: writes only what differs. What waits stays, but before a tbf that gets smaller.
void ensure_shaper(netlink::Socket& socket, const Shape& shape, std::uint32_t ifindex);
// Throws Error naming the first thing that is missing or differs; `link` is for the text.
void check_shaper(netlink::Socket& socket, const Shape& shape, std::uint32_t ifindex,
                  const std::string& link);
// Somebody else's root qdisc stays. False if ours was not there.
bool remove_shaper(netlink::Socket& socket, std::uint32_t ifindex);
[[nodiscard]] bool has_shaper(netlink::Socket& socket, std::uint32_t ifindex);

}  // namespace terway::bandwidth_tc
