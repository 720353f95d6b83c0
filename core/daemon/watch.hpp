// Listens to what the kernel says of links, addresses, routes and rules, and has put right what
// somebody else took away.
#pragma once

#include <stop_token>

#include "endpoint/eni_care.hpp"
#include "endpoint/manager.hpp"

namespace terway::daemon {

// Runs until a stop is asked for. Borrows both; `care` is null where there are no ENIs. On a thread
// in the host's network namespace.
void watch_kernel(endpoint::Manager& manager, endpoint::EniCare* care, const std::stop_token& stop);

}  // namespace terway::daemon
