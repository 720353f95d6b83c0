#pragma once

#include <chrono>
#include <ctime>

namespace terway::felix {

// Of the calling thread.
[[nodiscard]] inline std::chrono::nanoseconds processor_time() {
    timespec time{};
    (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// How long to rest after it, so that it takes a tenth of the time at most.
[[nodiscard]] inline std::chrono::milliseconds rest_after(std::chrono::nanoseconds work) {
    constexpr int kRest = 9;
    return std::chrono::ceil<std::chrono::milliseconds>(kRest * work);
}

}  // namespace terway::felix
