// The table [kube] of a profile.
#pragma once

#include "profile/profile.hpp"
#include "profile/section.hpp"

namespace terway::profile {

void read_kube(Section& kube, Kube& into);

}  // namespace terway::profile
