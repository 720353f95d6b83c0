// Reads [pool].
#pragma once

#include "profile/profile.hpp"
#include "profile/section.hpp"

namespace terway::profile {

void read_pool(Section& pool, Pool& into);

}  // namespace terway::profile
