// How long to wait before trying again, and the waiting.
#pragma once

#include <chrono>
#include <stop_token>

#include "base/time.hpp"

namespace terway {

// How long to wait before try number `attempt` + 1 (from 0): doubles from `first` to `longest`, of
// which `fraction` takes up to half away, so that those who failed together do not return together.
// Pure.
[[nodiscard]] std::chrono::milliseconds back_off(unsigned attempt, double fraction,
                                                 std::chrono::milliseconds first,
                                                 std::chrono::milliseconds longest);

// Waits that long. False, and at once, if stopped or if it would last beyond the deadline.
[[nodiscard]] bool rest_for(std::chrono::milliseconds span, const std::stop_token& stop,
                            Deadline deadline = Deadline::max());

// From 0 up to and without 1; nobody can guess it.
[[nodiscard]] double random_fraction();

}  // namespace terway
