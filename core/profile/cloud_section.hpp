// Reads [cloud].
#pragma once

#include "profile/profile.hpp"
#include "profile/section.hpp"

namespace terway::profile {

void read_cloud(Section& cloud, Cloud& into);

}  // namespace terway::profile
