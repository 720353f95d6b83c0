// Waiting for what the kernel does in its own time. All throw Error(Retry) at the deadline.
#pragma once

#include <string>

#include "base/address.hpp"
#include "base/time.hpp"

namespace terway::sim {

// Returns once the link is operational. A veth end whose peer comes up later silently discards what
// it is given until the kernel gets round to it. Throws Error(Gone) if there is no such link.
void await_running(int netns_fd, const std::string& link, Deadline deadline);

// Returns once packets to an address of the namespace are accepted. A new IPv6 address is listed at
// once, but delivered to only after some work in the background, even without duplicate address
// detection.
void await_local(int netns_fd, const IpAddress& address, Deadline deadline);

}  // namespace terway::sim
