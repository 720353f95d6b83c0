#include "cloud/effects.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/mutex.hpp"
#include "cloud/hmac.hpp"
#include "terway/error.hpp"

namespace terway::cloud {
namespace {

template <std::size_t Size>
std::array<char, Size> random_bytes() {
    std::array<char, Size> bytes{};
    while (::getrandom(bytes.data(), Size, 0) != static_cast<ssize_t>(Size)) {
        if (errno != EINTR) {
            throw system_error("getrandom", errno);
        }
    }
    return bytes;
}

}  // namespace

bool pause_for(std::chrono::milliseconds span, const Patience& patience) {
    if (patience.stop.stop_requested() || Clock::now() + span >= patience.deadline) {
        return false;
    }
    Mutex mutex;
    Condition never;
    const MutexLock lock(mutex);
    never.wait(mutex, patience.stop, after(span), [] { return false; });
    return !patience.stop.stop_requested();
}

double random_fraction() {
    std::uint32_t value = 0;
    const auto bytes = random_bytes<sizeof value>();
    std::memcpy(&value, bytes.data(), sizeof value);
    return value / 4294967296.0;
}

std::string random_nonce() {
    const auto bytes = random_bytes<16>();
    return hex({bytes.data(), bytes.size()});
}

std::chrono::milliseconds back_off(unsigned attempt, double fraction,
                                   std::chrono::milliseconds first,
                                   std::chrono::milliseconds longest) {
    const auto whole = std::min(longest, first * (1U << std::min(attempt, 16U)));
    return std::chrono::milliseconds(
        static_cast<std::int64_t>(static_cast<double>(whole.count()) * (1 - fraction / 2)));
}

}  // namespace terway::cloud
