// What the kernel does in its own time after a link comes up, and drops packets until then.
#pragma once

#include <cstdint>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink {

// Until the link has carrier. Throws Error: Gone if it vanishes, Retry past the deadline.
void await_running(Socket& socket, std::uint32_t ifindex, Deadline deadline);
// The same for kinds of links that leave their operational state unknown.
void await_carrier(Socket& socket, std::uint32_t ifindex, Deadline deadline);
// Until the addresses receive. Throws Error(Retry) past the deadline.
void await_local(Socket& socket, const std::vector<Prefix>& addresses, Deadline deadline);

}  // namespace terway::netlink
