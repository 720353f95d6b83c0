// The section [service].
#pragma once

#include "profile/profile.hpp"
#include "profile/section.hpp"

namespace terway::profile {

void read_service(Section& service, Service& into);

}  // namespace terway::profile
