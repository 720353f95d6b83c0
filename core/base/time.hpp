// Deadlines travel down, not timeouts. What outlives the process is told in wall time.
#pragma once

#include <algorithm>
#include <chrono>

namespace terway {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

// Survives a restart; may jump either way when somebody sets the clock.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

[[nodiscard]] inline WallTime wall_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

[[nodiscard]] inline Deadline after(Clock::duration span) {
    return Clock::now() + span;
}

// Whole milliseconds until `deadline`, never negative.
[[nodiscard]] inline std::chrono::milliseconds left(Deadline deadline) {
    return std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()),
                    std::chrono::milliseconds::zero());
}

}  // namespace terway
