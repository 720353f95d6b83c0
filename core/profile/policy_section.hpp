// The section [policy].
#pragma once

#include "profile/profile.hpp"
#include "profile/section.hpp"

namespace terway::profile {

void read_policy(Section& policy, Policy& into);

}  // namespace terway::profile
