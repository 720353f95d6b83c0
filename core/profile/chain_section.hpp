// Reads [chain] and its [[chain.when]].
#pragma once

#include <map>
#include <string>

#include "profile/profile.hpp"
#include "profile/section.hpp"

namespace terway::profile {

// Every module id of the chains, and where it stands in the file first.
using ModulePlaces = std::map<std::string, Place>;

// After [pool], whose source is the default of every chain.
[[nodiscard]] ModulePlaces read_chains(Section& root, Profile& profile, Diagnostics& diagnostics);

}  // namespace terway::profile
