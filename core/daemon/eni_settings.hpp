// What the profile says of a pool of ENIs, in the pool's own terms. Pure.
#pragma once

#include <string>
#include <vector>

#include "daemon/node_facts.hpp"
#include "pool/eni_settings.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

// What a pool of ENIs is for.
struct EniUse {
    bool exclusive = false;  // for one endpoint each
    bool draining = false;   // for those that have addresses, and for nobody new
    std::vector<std::string> dataplanes;
};

[[nodiscard]] pool::EniSettings eni_settings(const profile::Profile& profile, const NodeFacts& node,
                                             const EniUse& use);

}  // namespace terway::daemon
