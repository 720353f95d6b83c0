// The queue of one link that keeps to a shape.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netlink/qdisc.hpp"
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
// The root qdisc with what it has counted, its kind the mode; none if it is not ours.
[[nodiscard]] std::optional<netlink::Qdisc> observe_shaper(netlink::Socket& socket,
                                                           std::uint32_t ifindex);

}  // namespace terway::bandwidth_tc
