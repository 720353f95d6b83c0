// What one request may take and whom to tell when it takes longer.
#pragma once

#include <functional>
#include <stop_token>

#include "base/time.hpp"
#include "terway/error.hpp"

namespace terway::endpoint {

struct Operation {
    Deadline deadline;
    std::stop_token stop;
    // Answers the runtime in the request's place when the request is stuck in a module; the first
    // answer counts. Any thread; must not throw. May be empty.
    std::function<void(const Error&)> answer_early;
};

}  // namespace terway::endpoint
