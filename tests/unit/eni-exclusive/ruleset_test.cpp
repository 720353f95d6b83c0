#include "ruleset.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan.hpp"

namespace terway::eni_exclusive {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string group() {
    return std::to_string(kLinkGroup);
}

TEST(ExclusiveRuleset, AsksPodsForServicesInTheNodesName) {
    const auto text = ruleset(true, {*IpAddress::parse("10.0.0.2"), *IpAddress::parse("fd00::2")});
    EXPECT_THAT(text, HasSubstr("oifgroup " + group() + " ct status dnat snat ip to 10.0.0.2"));
    EXPECT_THAT(text, HasSubstr("oifgroup " + group() + " ct status dnat snat ip6 to fd00::2"));
}

TEST(ExclusiveRuleset, LetsRoutedPodsSeeThePodBeforeItMasquerades) {
    const auto text = ruleset(true, {});
    const auto exception = text.find("oifname \"cali*\" return");
    ASSERT_NE(exception, std::string::npos);
    EXPECT_LT(exception, text.find("iifgroup " + group() + " oifgroup != "));
}

TEST(ExclusiveRuleset, GuardsSourcesAlsoWithoutAMasquerade) {
    const auto text = ruleset(false, {*IpAddress::parse("10.0.0.2")});
    EXPECT_THAT(text, HasSubstr("@sources4 accept"));
    EXPECT_THAT(text, Not(HasSubstr("postrouting")));
}

}  // namespace
}  // namespace terway::eni_exclusive
