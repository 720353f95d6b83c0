#include <cstdlib>

#include <gtest/gtest.h>

#include "base/checkpoint.hpp"

namespace terway {
namespace {

TEST(Checkpoint, IsNothingAtAllInABuildWithoutTestHooks) {
    ::setenv("TERWAY_CHECKPOINT", "kill:add.recorded", 1);
    static_assert(noexcept(checkpoint("add.recorded")));
    checkpoint("add.recorded");
    ::unsetenv("TERWAY_CHECKPOINT");
}

}  // namespace
}  // namespace terway
