// Listens to what the kernel says of links, addresses, routes and rules, and has put right what
// somebody else took away.
#pragma once

#include <stop_token>
#include <vector>

#include "endpoint/eni_care.hpp"
#include "endpoint/manager.hpp"

namespace terway::daemon {

// Runs until a stop is asked for. Borrows all; there is a care for each pool of ENIs. On a thread
// in the host's network namespace.
void watch_kernel(endpoint::Manager& manager, const std::vector<endpoint::EniCare*>& cares,
                  const std::stop_token& stop);

}  // namespace terway::daemon
