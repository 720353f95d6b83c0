#include "ctl/usage.hpp"

#include <algorithm>

#include <gmock/gmock.h>

namespace terway::ctl {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::size_t width_of(const std::string& text) {
    std::size_t widest = 0;
    std::size_t width = 0;
    for (const auto c : text) {
        width = c == '\n' ? 0 : width + 1;
        widest = std::max(widest, width);
    }
    return widest;
}

TEST(Usage, HasALineForEveryVerbAndStaysWithinATerminal) {
    for (const auto* const verb :
         {"status", "cloud routes", "policy list", "policy explain SRC DST",
          "policy trace [--denied]", "policy eval", "import-eni-conf"}) {
        EXPECT_THAT(usage(), HasSubstr(std::string("\n  terwayctl ") + verb));
    }
    EXPECT_LE(width_of(usage()), 100U);
}

TEST(Usage, OfAVerbIsItsOwn) {
    EXPECT_THAT(usage_of("policy explain"),
                AllOf(StartsWith("  terwayctl policy explain SRC DST PORT/PROTO\n"),
                      HasSubstr("shop/db 5432/TCP"), Not(HasSubstr("policy list"))));
    EXPECT_THAT(usage_of("policy trace shop/web"),
                StartsWith("  terwayctl policy trace [--denied]"));
    EXPECT_THAT(usage_of("status"), StartsWith("  terwayctl status       is it ready"));
}

TEST(Usage, OfABeginningIsThatOfAllSuchVerbs) {
    EXPECT_THAT(usage_of("policy"), AllOf(HasSubstr("policy list"), HasSubstr("policy trace"),
                                          Not(HasSubstr("cloud calls"))));
}

TEST(Usage, IsNoneForWhatIsNoVerb) {
    EXPECT_EQ(usage_of("polic"), "");
    EXPECT_EQ(usage_of("policy tracex"), "");
    EXPECT_EQ(usage_of("statuses"), "");
}

}  // namespace
}  // namespace terway::ctl
