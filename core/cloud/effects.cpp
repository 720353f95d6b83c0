#include "cloud/effects.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>

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
    return rest_for(span, patience.stop, patience.deadline);
}

std::string random_nonce() {
    const auto bytes = random_bytes<16>();
    return hex({bytes.data(), bytes.size()});
}

}  // namespace terway::cloud
