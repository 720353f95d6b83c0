#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guard.hpp"

namespace terway::veth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

TEST(VethRuleset, MasqueradesEachFamilyOutsideTheClusterOnly) {
    const auto text = ruleset(
        true, {{prefix("172.20.1.0/24"), prefix("fd00:20:1::/64")}, {prefix("10.0.0.0/8")}});
    EXPECT_THAT(text,
                HasSubstr("ip saddr { 172.20.1.0/24 } ip daddr != { 10.0.0.0/8 } masquerade"));
    EXPECT_THAT(text, HasSubstr("ip6 saddr { fd00:20:1::/64 } masquerade"));
}

TEST(VethRuleset, HasNoMasqueradeWithoutPodCidrs) {
    EXPECT_THAT(ruleset(true, {}), Not(HasSubstr("masquerade")));
}

TEST(VethRuleset, DropsRouterAdvertisementsAndDhcpServersBeforeItAcceptsTheirFamily) {
    const auto text = ruleset(true, {});
    const auto accept = text.find("@sources4 accept");
    const auto accept6 = text.find("@sources6 accept");
    ASSERT_NE(accept6, std::string::npos);
    EXPECT_LT(text.find("udp sport 67 udp dport 68 drop"), accept);
    EXPECT_LT(text.find("nd-router-advert"), accept6);
    EXPECT_LT(text.find("udp sport 547 udp dport 546 drop"), accept6);
}

TEST(VethRuleset, LetsIPv4PassBeforeItLooksForWhatOnlyIPv6Has) {
    const auto text = ruleset(true, {});
    EXPECT_LT(text.find("@sources4 accept"), text.find("icmpv6"));
    EXPECT_LT(text.find("@sources4 accept"), text.find("udp sport 547"));
}

TEST(VethRuleset, MatchesOurOwnLinksByGroupOnly) {
    EXPECT_THAT(ruleset(true, {}), HasSubstr("iifgroup " + std::to_string(kLinkGroup)));
    EXPECT_THAT(ruleset(true, {}), HasSubstr("iifgroup " + std::to_string(TWY_RETIRED_LINK_GROUP)));
}

TEST(VethRuleset, WithoutTheGuardFiltersNothing) {
    const auto text = ruleset(false, {{prefix("172.20.1.0/24")}, {}});
    EXPECT_THAT(text, Not(HasSubstr("drop")));
    EXPECT_THAT(text, Not(HasSubstr("arp")));
}

}  // namespace
}  // namespace terway::veth
