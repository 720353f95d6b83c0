// What the clients take from the world beside the network: time, waiting and chance. Tests put
// their own in its place.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/back_off.hpp"
#include "base/time.hpp"
#include "cloud/api.hpp"

namespace terway::cloud {

using terway::back_off;
using terway::random_fraction;

// Waits that long. False, and at once, if stopped or if it would last beyond the deadline.
[[nodiscard]] bool pause_for(std::chrono::milliseconds span, const Patience& patience);
// 32 hex digits that nobody can guess.
[[nodiscard]] std::string random_nonce();

// Called by any thread.
struct Effects {
    std::function<WallTime()> wall = wall_now;
    std::function<Deadline()> steady = Clock::now;
    std::function<bool(std::chrono::milliseconds, const Patience&)> pause = pause_for;
    std::function<double()> fraction = random_fraction;
    std::function<std::string()> nonce = random_nonce;
};

}  // namespace terway::cloud
