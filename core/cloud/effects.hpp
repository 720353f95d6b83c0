// What the clients take from the world beside the network: time, waiting and chance. Tests put
// their own in its place.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/time.hpp"
#include "cloud/api.hpp"

namespace terway::cloud {

// Waits that long. False, and at once, if stopped or if it would last beyond the deadline.
[[nodiscard]] bool pause_for(std::chrono::milliseconds span, const Patience& patience);
// From 0 up to and without 1.
[[nodiscard]] double random_fraction();
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

// How long to wait before try number `attempt` + 1 (from 0): doubles from `first` to `longest`, of
// which `fraction` takes up to half away, so that those who failed together do not return together.
// Pure.
[[nodiscard]] std::chrono::milliseconds back_off(unsigned attempt, double fraction,
                                                 std::chrono::milliseconds first,
                                                 std::chrono::milliseconds longest);

}  // namespace terway::cloud
