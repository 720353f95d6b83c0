// Deadlines travel down, not timeouts.
#pragma once

#include <algorithm>
#include <chrono>

namespace terway {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

[[nodiscard]] inline Deadline after(Clock::duration span) {
    return Clock::now() + span;
}

// Whole milliseconds until `deadline`, never negative.
[[nodiscard]] inline std::chrono::milliseconds left(Deadline deadline) {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()),
                    std::chrono::milliseconds::zero());
}

}  // namespace terway
