// Waiting for a link to carry packets.
#pragma once

#include <string>

#include "base/time.hpp"

namespace terway::sim {

// Returns once the link is operational. A veth end whose peer comes up later silently discards what
// it is given until the kernel gets round to it. Throws Error(Retry) at the deadline, Error(Gone)
// if there is no such link.
void await_running(int netns_fd, const std::string& link, Deadline deadline);

}  // namespace terway::sim
