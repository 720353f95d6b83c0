// The node's own addresses, as its kernel has them.
#pragma once

#include <vector>

#include "base/address.hpp"

namespace terway::daemon {

// Of each family that has a default route: the first global address of that route's link, as a host
// prefix. On a thread in the host's network namespace. Throws Error for a failing system call.
[[nodiscard]] std::vector<Prefix> node_addresses();

}  // namespace terway::daemon
