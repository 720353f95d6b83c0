// Whether the modules of each chain go together, as far as they say so themselves. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace terway::daemon {

struct ModuleFacts {
    std::vector<std::string> requirements;  // statements included, see host/requirements.hpp
    bool knows_enis = false;                // it offers terway.eni/1
    bool knows_services = false;            // terway.service/1
};

// Complains, at the place of its table, about each chain in which a module needs what the dataplane
// (or its fallback) does not offer, where a module needs what the profile does not say, or that no
// module translates Services for where the profile says that modules do. A module not among the
// facts is not judged.
void check_chains(const profile::Profile& profile, const std::map<std::string, ModuleFacts>& facts,
                  profile::Diagnostics& diagnostics);

}  // namespace terway::daemon
