// What one network namespace calls another.
#pragma once

#include <cstdint>

#include "netlink/socket.hpp"

namespace terway::netlink {

// The number the socket's namespace knows another by; given to it now if it had none.
[[nodiscard]] std::uint32_t ensure_netns_id(Socket& socket, int netns_fd);

}  // namespace terway::netlink
