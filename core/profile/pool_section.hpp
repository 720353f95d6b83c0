// Reads [pool].
#pragma once

#include "profile/profile.hpp"
#include "profile/section.hpp"

namespace terway::profile {

void read_pool(Section& pool, Pool& into);

// Of keys of [pool] that mean nothing, because no pod gets its addresses that way. Once the chains
// are read.
void complain_of_eni_keys(const Table& document, const Profile& profile, Diagnostics& diagnostics);

}  // namespace terway::profile
