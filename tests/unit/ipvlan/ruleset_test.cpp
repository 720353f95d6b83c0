#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "masquerade.hpp"
#include "netlink/ruleset.hpp"

namespace terway::ipvlan {
namespace {

using testing::HasSubstr;
using testing::Not;

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

NodeFacts dual() {
    return {.addresses = {ip("10.0.0.10"), ip("fd00:10::10")}};
}

TEST(IpvlanRuleset, WhatTheNodeForwardsForPodsGetsTheNodesAddressOfItsFamily) {
    const auto text = ruleset({}, dual());
    EXPECT_THAT(text, HasSubstr("meta nfproto ipv4 meta mark and 32 == 32 snat ip to 10.0.0.10"));
    EXPECT_THAT(text,
                HasSubstr("meta nfproto ipv6 meta mark and 32 == 32 snat ip6 to fd00:10::10"));
    EXPECT_THAT(text, HasSubstr("forward iifname \"ipvl_*\""));
    EXPECT_THAT(text, HasSubstr("forward oifname \"ipvl_*\""));
}

TEST(IpvlanRuleset, ANodeOfOneFamilyHasNoRuleForTheOther) {
    const auto text = ruleset({}, {.addresses = {ip("10.0.0.10")}});
    EXPECT_THAT(text, Not(HasSubstr("ip6")));
}

TEST(IpvlanRuleset, WithoutMasqueradeItNamesNoAddress) {
    Options options;
    options.masquerade = false;
    EXPECT_EQ(netlink::rules_in_text(ruleset(options, dual()), "inet"), 0U);
}

TEST(IpvlanRuleset, AServiceNobodyTranslatedIsDropped) {
    Options options;
    options.service_cidrs = {Prefix::parse("172.21.0.0/16").value(),
                             Prefix::parse("fd00:21::/112").value()};
    options.host_stack_cidrs = {Prefix::parse("169.254.20.10/32").value()};
    const auto text = ruleset(options, dual());
    EXPECT_THAT(text, HasSubstr("ip daddr 172.21.0.0/16 counter drop"));
    EXPECT_THAT(text, HasSubstr("ip6 daddr fd00:21::/112 counter drop"));
    EXPECT_THAT(text, Not(HasSubstr("169.254.20.10")));
}

TEST(IpvlanRuleset, LoadingItAgainReplacesEveryChain) {
    const auto text = ruleset({}, dual());
    EXPECT_THAT(text, HasSubstr("flush chain inet terway-ipvlan forward"));
    EXPECT_THAT(text, HasSubstr("flush chain inet terway-ipvlan postrouting"));
}

}  // namespace
}  // namespace terway::ipvlan
