// From a profile to the running daemon: modules, what the node can do, where its facts come from.
#pragma once

#include <string>

#include "profile/profile.hpp"

namespace terway::daemon {

// Exit codes of terwayd.
inline constexpr int kExitFailure = 1;
inline constexpr int kExitConfig = 2;
inline constexpr int kExitPreflight = 3;

// Runs until SIGTERM or SIGINT, which the caller holds (service_manager.hpp). Kernel state is left
// as it is on the way out: pods keep their network. Answers the exit code; throws Error for what
// keeps it from starting.
[[nodiscard]] int run(const profile::Profile& profile, profile::Diagnostics& diagnostics);

}  // namespace terway::daemon
