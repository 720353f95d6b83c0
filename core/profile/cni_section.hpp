// The table [cni] of a profile.
#pragma once

#include "profile/profile.hpp"
#include "profile/section.hpp"

namespace terway::profile {

void read_cni(Section& cni, CniFiles& into);

}  // namespace terway::profile
