#include "daemon/limit_view.hpp"

#include <gtest/gtest.h>

namespace terway::daemon {
namespace {

using namespace std::chrono_literals;

TEST(RateBetween, IsInBitsASecond) {
    EXPECT_EQ(rate_between(1000, 126'000, 500ms), 2'000'000);
    EXPECT_EQ(rate_between(1000, 1000, 1s), 0);
}

TEST(RateBetween, IsNoneWhereTheCounterHasBegunAnew) {
    EXPECT_EQ(rate_between(1000, 10, 1s), 0);
    EXPECT_EQ(rate_between(10, 1000, 0s), 0);
}

}  // namespace
}  // namespace terway::daemon
