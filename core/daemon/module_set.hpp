// The modules of a profile, loaded and started.
#pragma once

#include <string>
#include <vector>

#include "daemon/module_memory.hpp"
#include "endpoint/chain.hpp"
#include "endpoint/record.hpp"
#include "profile/profile.hpp"
#include "terway/abi.h"

namespace terway::daemon {

// Loads and configures every module a chain of the profile names, fallbacks included, and compares
// those of each chain with one another. All complaints land in `diagnostics`.
[[nodiscard]] endpoint::Modules load_modules(const profile::Profile& profile,
                                             profile::Diagnostics& diagnostics);

// Drops the modules nobody needs, loads those that old records still need and the profile no longer
// has, with the settings `memory` has of them or else their defaults, and starts all. Throws Error
// if one of the profile's does not start; another that cannot be loaded or started is logged, its
// endpoints stay for the sweeper.
void settle(endpoint::Modules& modules, const profile::Profile& profile,
            const std::vector<endpoint::EndpointRecord>& records, const ModuleMemory& memory,
            const twy_node& node);

}  // namespace terway::daemon
