// The daemon's part in retiring links, for a module without one: they are marked, and removed when
// somebody waits for it.
#pragma once

#include "terway/testing/host.hpp"

namespace terway::test {

// Removes retired links of the calling thread's namespace.
void serve_retired_links(sdk::testing::FakeHost& fake);

}  // namespace terway::test
