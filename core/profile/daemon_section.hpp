// The table [daemon] of a profile.
#pragma once

#include "profile/profile.hpp"
#include "profile/section.hpp"

namespace terway::profile {

void read_daemon(Section& daemon, Daemon& into);

}  // namespace terway::profile
