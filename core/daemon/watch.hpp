// Listens to what the kernel says of links, addresses, routes and rules, and has put right what
// somebody else took away.
#pragma once

#include <functional>
#include <stop_token>

#include "endpoint/eni_care.hpp"
#include "endpoint/manager.hpp"

namespace terway::daemon {

struct WatchParts {
    endpoint::Manager& manager;
    endpoint::EniCare* care = nullptr;  // null where there are no ENIs
    // Has the modules make anew what all endpoints share; for when nftables was flushed.
    std::function<void()> start_modules;
};

// Runs until a stop is asked for. On a thread in the host's network namespace.
void watch_kernel(const WatchParts& parts, const std::stop_token& stop);

}  // namespace terway::daemon
