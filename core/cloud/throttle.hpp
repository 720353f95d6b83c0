// Our own caps on calls, so that a loop gone wild does not use up the account's.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "base/time.hpp"

namespace terway::cloud {

using CallsPerMinute = std::map<std::string, std::uint32_t>;  // by action

// For actions that are not in the map 500 apply.
[[nodiscard]] CallsPerMinute default_calls_per_minute();

// A token bucket for each action, which holds the calls of one minute. A monitor; any thread.
class Throttle {
public:
    // `caps` take the place of the defaults; 0 is no cap.
    explicit Throttle(const CallsPerMinute& caps = {});

    // How long to wait before the call; it counts from now on. Nothing, and it does not count, if
    // that were longer than `longest`.
    [[nodiscard]] std::optional<std::chrono::milliseconds> reserve(
        const std::string& action, Deadline now, std::chrono::milliseconds longest);

private:
    struct Bucket {
        double tokens;
        Deadline filled;
    };

    CallsPerMinute caps_;
    Mutex mutex_;
    std::map<std::string, Bucket> buckets_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::cloud
