#include "base/back_off.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/mutex.hpp"
#include "terway/error.hpp"

namespace terway {

std::chrono::milliseconds back_off(unsigned attempt, double fraction,
                                   std::chrono::milliseconds first,
                                   std::chrono::milliseconds longest) {
    const auto whole = std::min(longest, first * (1U << std::min(attempt, 16U)));
    return std::chrono::milliseconds(
        static_cast<std::int64_t>(static_cast<double>(whole.count()) * (1 - fraction / 2)));
}

bool rest_for(std::chrono::milliseconds span, const std::stop_token& stop, Deadline deadline) {
    if (stop.stop_requested() || Clock::now() + span >= deadline) {
        return false;
    }
    Mutex mutex;
    Condition never;
    const MutexLock lock(mutex);
    never.wait(mutex, stop, after(span), [] { return false; });
    return !stop.stop_requested();
}

double random_fraction() {
    std::uint32_t value = 0;
    while (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
        if (errno != EINTR) {
            throw system_error("getrandom", errno);
        }
    }
    return value / 4294967296.0;
}

}  // namespace terway
