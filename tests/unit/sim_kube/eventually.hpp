// Bounded polling for what another process or thread brings about.
#pragma once

#include <poll.h>

#include <functional>

#include "base/time.hpp"

namespace terway::test {

[[nodiscard]] inline bool eventually(const std::function<bool()>& holds,
                                     std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    constexpr int kPause = 5;
    const auto deadline = after(limit);
    while (!holds()) {
        if (Clock::now() > deadline) {
            return false;
        }
        ::poll(nullptr, 0, kPause);
    }
    return true;
}

}  // namespace terway::test
