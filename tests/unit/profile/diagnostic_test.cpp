#include "profile/diagnostic.hpp"

#include <gtest/gtest.h>

namespace terway::profile {
namespace {

TEST(Diagnostics, PrintsFileLineColumnSeverityAndTextInTheOrderOfTheFile) {
    Diagnostics diagnostics("a.toml");
    diagnostics.error({7, 3}, "later");
    diagnostics.warning({2, 10}, "mind this");
    diagnostics.error({2, 4}, "earlier");
    diagnostics.error({}, "nowhere");
    EXPECT_EQ(diagnostics.print(),
              "a.toml: error: nowhere\n"
              "a.toml:2:4: error: earlier\n"
              "a.toml:2:10: warning: mind this\n"
              "a.toml:7:3: error: later\n");
}

TEST(Diagnostics, AWarningIsNoError) {
    Diagnostics diagnostics("a.toml");
    diagnostics.warning({1, 1}, "mind this");
    EXPECT_TRUE(diagnostics.ok());
    diagnostics.error({1, 1}, "wrong");
    EXPECT_FALSE(diagnostics.ok());
    EXPECT_EQ(diagnostics.errors(), 1U);
}

}  // namespace
}  // namespace terway::profile
