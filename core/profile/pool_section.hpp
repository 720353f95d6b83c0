// Reads [pool].
#pragma once

#include <set>

#include "profile/profile.hpp"
#include "profile/section.hpp"

namespace terway::profile {

// `by_rules` are the sources that rules of the chain name, besides the one [pool] names.
void read_pool(Section& pool, Pool& into, const std::set<AddressSource>& by_rules = {});

}  // namespace terway::profile
