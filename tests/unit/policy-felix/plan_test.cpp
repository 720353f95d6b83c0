#include "plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace terway::felix {
namespace {

using policy::Action;
using policy::Match;
using policy::PortClass;
using policy::Protocol;
using policy::RuleSet;
using policy::SetId;
using policy::SetKind;
using policy::Tier;
using testing::HasSubstr;
using testing::Not;

const SetId kPods{0, 0xa};
const SetId kBlocks{0, 0xb};
const SetId kNamed{0, 0xc};

IpAddress address(const char* text) {
    return IpAddress::parse(text).value();
}

policy::Picture picture() {
    policy::Update update;
    auto& pods = update.sets.emplace_back();
    pods.id = kPods;
    pods.is_new = true;
    pods.added.addresses = {address("10.0.0.1"), address("fd00::1")};
    auto& blocks = update.sets.emplace_back();
    blocks.id = kBlocks;
    blocks.kind = SetKind::Blocks;
    blocks.is_new = true;
    blocks.added.ranges = {{address("10.0.0.0"), address("10.0.0.255")},
                           {address("255.0.0.0"), address("255.255.255.255")}};
    auto& named = update.sets.emplace_back();
    named.id = kNamed;
    named.kind = SetKind::Named;
    named.protocol = Protocol::Udp;
    named.is_new = true;
    named.added.ports = {{address("10.0.0.1"), 53}};
    policy::Picture made;
    made.apply(update);
    return made;
}

Match allow(std::vector<SetId> sets = {}) {
    return {Action::Allow, {sets.empty(), std::move(sets)}};
}

// With the numbers of sets, and of the rule set, cut to a letter.
std::string text(Direction direction, std::vector<Tier> tiers) {
    auto out = plan_group(direction, RuleSet{{0, 1}, std::move(tiers)}, picture()).text();
    const std::string zeros(31, '0');
    for (auto at = out.find(zeros); at != std::string::npos; at = out.find(zeros)) {
        out.erase(at, zeros.size());
    }
    return out;
}

TEST(Plan, NoTierLetsEverythingPass) {
    EXPECT_EQ(text(Direction::Ingress, {}), "chain gi1_1\n  accept\n");
}

TEST(Plan, AnEmptyTierRefusesByReturning) {
    EXPECT_EQ(text(Direction::Egress, {Tier{}}), "chain ge1_1\n");
}

TEST(Plan, SinglePortsAreOneLookUp) {
    Tier tier;
    tier.classes = {{Protocol::Tcp, 80, 80, {allow({kPods})}}, {Protocol::Udp, 53, 53, {allow()}}};
    EXPECT_EQ(text(Direction::Ingress, {tier}),
              "chain gi1_1\n"
              "  meta l4proto . th dport vmap @gi1_1_pp\n"
              "chain gi1_1_c0\n"
              "  ip saddr @s4_a accept\n"
              "  ip6 saddr @s6_a accept\n"
              "map gi1_1_pp\n"
              "  6 0 0 0 0 80 0 0 : goto gi1_1_c0\n"
              "  17 0 0 0 0 53 0 0 : accept\n");
}

TEST(Plan, OnlyTheProtocolThatHasRangesHasIntervals) {
    Tier tier;
    tier.classes = {{Protocol::Tcp, 80, 89, {allow()}},
                    {Protocol::Tcp, 90, 65535, {allow({kPods})}},
                    {Protocol::Udp, 53, 53, {allow()}},
                    {Protocol::Sctp, 0, 65535, {allow()}}};
    const auto found = text(Direction::Egress, {tier});
    EXPECT_THAT(found, HasSubstr("  meta l4proto vmap @ge1_1_p\n"));
    EXPECT_THAT(found, HasSubstr("map ge1_1_n6_m interval\n"
                                 "  0 80 : accept\n"
                                 "  0 90 end\n"
                                 "  0 90 : goto ge1_1_c0\n"));
    EXPECT_THAT(found, HasSubstr("map ge1_1_n17_m\n  0 53 : accept\n"));
    EXPECT_THAT(found, HasSubstr("map ge1_1_p\n"
                                 "  6 : goto ge1_1_n6\n"
                                 "  17 : goto ge1_1_n17\n"
                                 "  132 : accept\n"));
}

TEST(Plan, WhatHoldsForEveryProtocolAsksNoPort) {
    Tier tier;
    tier.other = {allow({kPods, kBlocks})};
    for (const auto protocol : {Protocol::Tcp, Protocol::Udp, Protocol::Sctp}) {
        tier.classes.push_back({protocol, 0, 65535, tier.other});
    }
    EXPECT_EQ(text(Direction::Egress, {tier}),
              "chain ge1_1\n"
              "  ip daddr @s4_a accept\n"
              "  ip6 daddr @s6_a accept\n"
              "  ip daddr @s4_b accept\n");
}

TEST(Plan, ProtocolsWithoutPortsAreAskedAfterThoseThatHaveSome) {
    Tier tier;
    tier.classes = {{Protocol::Tcp, 80, 80, {allow()}}};
    tier.other = {allow()};
    EXPECT_THAT(text(Direction::Ingress, {tier}), HasSubstr("  meta l4proto 6 return\n"
                                                            "  meta l4proto 17 return\n"
                                                            "  meta l4proto 132 return\n"
                                                            "  accept\n"));
}

TEST(Plan, NamedPortsAreAskedFirst) {
    Tier tier;
    tier.named = {kNamed};
    tier.classes = {{Protocol::Tcp, 80, 80, {allow()}}};
    EXPECT_THAT(text(Direction::Egress, {tier}),
                HasSubstr("chain ge1_1\n"
                          "  ip daddr . meta l4proto . th dport @s4_c accept\n"
                          "  ip6 daddr . meta l4proto . th dport @s6_c accept\n"
                          "  meta l4proto . th dport vmap @ge1_1_pp\n"));
}

TEST(Plan, WhatPassesATierGoesToTheNextAndIsAllowedAfterTheLast) {
    Tier admin;
    admin.otherwise = Action::Pass;
    admin.classes = {{Protocol::Tcp, 80, 80, {{Action::Deny, {false, {kPods}}}}}};
    Tier baseline;
    baseline.otherwise = Action::Pass;
    baseline.classes = {{Protocol::Tcp, 81, 81, {{Action::Deny, {true, {}}}}}};
    const auto found = text(Direction::Ingress, {admin, baseline});
    EXPECT_THAT(found, HasSubstr("chain gi1_1\n"
                                 "  meta l4proto . th dport vmap @gi1_1_pp\n"
                                 "  goto gi1_1_t1\n"));
    EXPECT_THAT(found, HasSubstr("chain gi1_1_c0\n"
                                 "  ip saddr @s4_a return\n"
                                 "  ip6 saddr @s6_a return\n"
                                 "  goto gi1_1_t1\n"));
    EXPECT_THAT(found, HasSubstr("chain gi1_1_t1\n"
                                 "  meta l4proto . th dport vmap @gi1_1_t1_pp\n"
                                 "  accept\n"));
    EXPECT_THAT(found, HasSubstr("  6 0 0 0 0 81 0 0 : return\n"));
}

TEST(Plan, RangesAreToldByTheirEndsButTheLast) {
    const auto made = picture();
    const auto plans = plan_set(kBlocks, *made.find(kBlocks));
    ASSERT_EQ(plans.size(), 1U) << "no IPv6";
    EXPECT_TRUE(plans[0].set.is_interval);
    const std::vector<nft::Element> expected{
        {{10, 0, 0, 0}, false, {}}, {{10, 0, 1, 0}, true, {}}, {{255, 0, 0, 0}, false, {}}};
    EXPECT_EQ(plans[0].elements, expected);
}

TEST(Plan, SetsOfPodsHaveBothFamilies) {
    const auto made = picture();
    EXPECT_EQ(plan_set(kPods, *made.find(kPods)).size(), 2U);
    const auto named = plan_set(kNamed, *made.find(kNamed));
    ASSERT_EQ(named.size(), 2U);
    EXPECT_EQ(named[0].elements[0].key,
              (std::vector<std::uint8_t>{10, 0, 0, 1, 17, 0, 0, 0, 0, 53, 0, 0}));
}

TEST(Plan, AClosedEndpointLeadsNowhere) {
    const auto chain = endpoint_plan(Direction::Egress, "cali1", {}, true);
    EXPECT_EQ(chain.text(),
              "chain po_cali1\n"
              "  oifname \"cali1\" accept\n"
              "  ct state invalid counter name \"late_o_cali1\" drop\n"
              "  ct status ! confirmed counter name \"asked_o_cali1\"\n"
              "  ct status ! confirmed counter name \"refused_o_cali1\" drop\n"
              "  counter name \"late_o_cali1\" drop\n");
    EXPECT_THAT(endpoint_plan(Direction::Egress, "cali1", "ge1_1", true).text(),
                HasSubstr("  jump ge1_1\n"));
}

TEST(Plan, TheNodesOwnPacketsAreNotAsked) {
    for (const auto& base : plan_base({}).bases) {
        EXPECT_TRUE(base.drops_by_default);
        EXPECT_THAT(base.chain.name, Not(testing::StartsWith("output")));
    }
}

TEST(Plan, InsideAPodTheNodeIsToldByItsAddress) {
    Place place;
    place.is_on_host = false;
    place.link = "cali1";
    place.pod_ifindex = 2;
    place.node = {address("192.168.0.1")};
    EXPECT_THAT(plan_base(place).bases[0].chain.text(),
                HasSubstr("  ip saddr 192.168.0.1 accept\n  iif 2 goto pi_cali1\n"));
    EXPECT_THAT(plan_base(place).bases[1].chain.text(), Not(HasSubstr("192.168.0.1")));
    place.asks_for_node = false;
    EXPECT_THAT(plan_base(place).bases[1].chain.text(),
                HasSubstr("  ip daddr 192.168.0.1 accept\n  oif 2 goto po_cali1\n"));
}

}  // namespace
}  // namespace terway::felix
