// Selectors, ranges and classes by themselves.
#include <gmock/gmock.h>

#include "policy/ranges.hpp"
#include "policy/selector.hpp"
#include "policy/slices.hpp"
#include "policy_testing.hpp"

namespace terway::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

kube::LabelSelector selector(const std::string& json) {
    return policy(R"({"podSelector": )" + json + "}").pods;
}

TEST(Selector, MatchesWhatHasNoSuchKeyOnlyIfItSaysNot) {
    const auto none = labels({{"other", "1"}});
    EXPECT_TRUE(matches(
        selector(R"({"matchExpressions": [{"key": "k", "operator": "NotIn", "values": ["a"]}]})"),
        none));
    EXPECT_TRUE(matches(
        selector(R"({"matchExpressions": [{"key": "k", "operator": "DoesNotExist"}]})"), none));
    EXPECT_FALSE(matches(
        selector(R"({"matchExpressions": [{"key": "k", "operator": "In", "values": [""]}]})"),
        none));
    EXPECT_FALSE(
        matches(selector(R"({"matchExpressions": [{"key": "k", "operator": "Exists"}]})"), none));
    EXPECT_FALSE(matches(selector(R"({"matchLabels": {"k": ""}})"), none));
    EXPECT_TRUE(matches(selector("{}"), none));
}

TEST(Selector, NeedsAnEmptyValueToBeThere) {
    EXPECT_TRUE(matches(selector(R"({"matchLabels": {"k": ""}})"), labels({{"k", ""}})));
    EXPECT_FALSE(matches(selector(R"({"matchLabels": {"k": ""}})"), labels({{"k", "a"}})));
}

TEST(Selector, HasOneTextForOneMeaning) {
    EXPECT_EQ(canonical(selector(R"({"matchLabels": {"b": "1", "a": "2"}})")),
              canonical(selector(R"({"matchExpressions": [
                  {"key": "a", "operator": "In", "values": ["2", "2"]},
                  {"key": "b", "operator": "In", "values": ["1"]}]})")));
    EXPECT_NE(canonical(selector(R"({"matchLabels": {"a": ""}})")),
              canonical(selector(R"({"matchExpressions": [{"key": "a", "operator": "Exists"}]})")));
    EXPECT_EQ(canonical(selector("{}")), "");
}

TEST(Ranges, LeaveOutTheExceptionsOfTheirOwnBlockOnly) {
    const auto ranges =
        ranges_of({{net("10.0.0.0/8"), {net("10.1.0.0/16")}}, {net("10.1.2.0/24"), {}}});
    EXPECT_THAT(ranges, ElementsAre(AddressRange{ip("10.0.0.0"), ip("10.0.255.255")},
                                    AddressRange{ip("10.1.2.0"), ip("10.1.2.255")},
                                    AddressRange{ip("10.2.0.0"), ip("10.255.255.255")}));
    EXPECT_TRUE(contains(ranges, ip("10.1.2.7")));
    EXPECT_FALSE(contains(ranges, ip("10.1.3.7")));
    EXPECT_FALSE(contains(ranges, ip("9.255.255.255")));
}

TEST(Ranges, ReachTheEndsOfAFamilyAndNotIntoTheOther) {
    const auto all = ranges_of({{net("0.0.0.0/0"), {net("255.0.0.0/8"), net("0.0.0.0/8")}}});
    EXPECT_THAT(all, ElementsAre(AddressRange{ip("1.0.0.0"), ip("254.255.255.255")}));
    EXPECT_THAT(ranges_of({{net("128.0.0.0/1"), {}}, {net("::/0"), {}}, {net("0.0.0.0/1"), {}}}),
                ElementsAre(AddressRange{ip("0.0.0.0"), ip("255.255.255.255")},
                            AddressRange{ip("::"), ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")}));
    EXPECT_FALSE(contains(ranges_of({{net("0.0.0.0/0"), {}}}), ip("::1")));
}

TEST(Ranges, VanishWhenNothingIsLeft) {
    EXPECT_THAT(ranges_of({{net("10.0.0.0/24"), {net("10.0.0.0/25"), net("10.0.0.128/25")}}}),
                IsEmpty());
}

TEST(Ranges, ArePrefixesAsWell) {
    EXPECT_THAT(prefixes_of({ip("10.0.0.1"), ip("10.0.0.6")}),
                ElementsAre(net("10.0.0.1/32"), net("10.0.0.2/31"), net("10.0.0.4/31"),
                            net("10.0.0.6/32")));
    EXPECT_THAT(prefixes_of({ip("0.0.0.0"), ip("255.255.255.255")}), ElementsAre(net("0.0.0.0/0")));
    EXPECT_THAT(prefixes_of({ip("::"), ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")}),
                ElementsAre(net("::/0")));
}

TEST(Slices, GiveEachPortAllItsRules) {
    EXPECT_THAT(
        slices_of({{Protocol::Tcp, 0, 65535, 0},
                   {Protocol::Tcp, 80, 90, 1},
                   {Protocol::Tcp, 90, 65535, 2},
                   {Protocol::Udp, 53, 53, 1}}),
        ElementsAre(PortSlice{Protocol::Tcp, 0, 79, {0}}, PortSlice{Protocol::Tcp, 80, 89, {0, 1}},
                    PortSlice{Protocol::Tcp, 90, 90, {0, 1, 2}},
                    PortSlice{Protocol::Tcp, 91, 65535, {0, 2}},
                    PortSlice{Protocol::Udp, 53, 53, {1}}));
}

TEST(Slices, JoinNeighboursOfTheSameRules) {
    EXPECT_THAT(slices_of({{Protocol::Tcp, 80, 84, 3},
                           {Protocol::Tcp, 85, 90, 3},
                           {Protocol::Tcp, 80, 82, 3},
                           {Protocol::Tcp, 1, 0, 4}}),
                ElementsAre(PortSlice{Protocol::Tcp, 80, 90, {3}}));
}

}  // namespace
}  // namespace terway::policy
