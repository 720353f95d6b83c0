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
const SetId kOneBlock{0, 0xd};

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
                           {address("10.0.2.0"), address("10.0.2.255")},
                           {address("255.0.0.0"), address("255.255.255.255")}};
    auto& one = update.sets.emplace_back();
    one.id = kOneBlock;
    one.kind = SetKind::Blocks;
    one.is_new = true;
    one.added.ranges = {{address("fd00::"), address("fd00::ffff")}};
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
    EXPECT_EQ(text(Direction::Ingress, {}), "chain gi3_1\n  goto allowed_i\n");
}

TEST(Plan, AnEmptyTierRefusesByReturning) {
    EXPECT_EQ(text(Direction::Egress, {Tier{}}), "chain ge3_1\n");
}

TEST(Plan, SinglePortsAreOneLookUp) {
    Tier tier;
    tier.classes = {{Protocol::Tcp, 80, 80, {allow({kPods})}}, {Protocol::Udp, 53, 53, {allow()}}};
    EXPECT_EQ(text(Direction::Ingress, {tier}),
              "chain gi3_1\n"
              "  meta l4proto . th dport vmap @gi3_1_pp\n"
              "chain gi3_1_c0\n"
              "  ip saddr @s4_a goto allowed_i\n"
              "  ip6 saddr @s6_a goto allowed_i\n"
              "map gi3_1_pp\n"
              "  6 0 0 0 0 80 0 0 : goto gi3_1_c0\n"
              "  17 0 0 0 0 53 0 0 : goto allowed_i\n");
}

TEST(Plan, OnlyTheProtocolThatHasRangesHasIntervals) {
    Tier tier;
    tier.classes = {{Protocol::Tcp, 80, 89, {allow()}},
                    {Protocol::Tcp, 90, 65535, {allow({kPods})}},
                    {Protocol::Udp, 53, 53, {allow()}},
                    {Protocol::Sctp, 0, 65535, {allow()}}};
    const auto found = text(Direction::Egress, {tier});
    EXPECT_THAT(found, HasSubstr("  meta l4proto vmap @ge3_1_p\n"));
    EXPECT_THAT(found, HasSubstr("map ge3_1_n6_m interval\n"
                                 "  0 80 : goto allowed_o\n"
                                 "  0 90 end\n"
                                 "  0 90 : goto ge3_1_c0\n"));
    EXPECT_THAT(found, HasSubstr("map ge3_1_n17_m\n  0 53 : goto allowed_o\n"));
    EXPECT_THAT(found, HasSubstr("map ge3_1_p\n"
                                 "  6 : goto ge3_1_n6\n"
                                 "  17 : goto ge3_1_n17\n"
                                 "  132 : goto allowed_o\n"));
}

TEST(Plan, WhatHoldsForEveryProtocolAsksNoPort) {
    Tier tier;
    tier.other = {allow({kPods, kBlocks})};
    for (const auto protocol : {Protocol::Tcp, Protocol::Udp, Protocol::Sctp}) {
        tier.classes.push_back({protocol, 0, 65535, tier.other});
    }
    EXPECT_EQ(text(Direction::Egress, {tier}),
              "chain ge3_1\n"
              "  ip daddr @s4_a goto allowed_o\n"
              "  ip6 daddr @s6_a goto allowed_o\n"
              "  ip daddr @s4_b goto allowed_o\n");
}

TEST(Plan, AFewBlocksAreInTheRulesThemselves) {
    Tier tier;
    tier.classes = {{Protocol::Tcp, 80, 80, {allow({kOneBlock, kPods})}}};
    EXPECT_THAT(text(Direction::Ingress, {tier}),
                HasSubstr("  ip6 saddr fd00::-fd00::ffff goto allowed_i\n"
                          "  ip saddr @s4_a goto allowed_i\n"));
}

TEST(Plan, ProtocolsWithoutPortsAreAskedAfterThoseThatHaveSome) {
    Tier tier;
    tier.classes = {{Protocol::Tcp, 80, 80, {allow()}}};
    tier.other = {allow()};
    EXPECT_THAT(text(Direction::Ingress, {tier}), HasSubstr("  meta l4proto 6 return\n"
                                                            "  meta l4proto 17 return\n"
                                                            "  meta l4proto 132 return\n"
                                                            "  goto allowed_i\n"));
}

TEST(Plan, NamedPortsAreAskedFirst) {
    Tier tier;
    tier.named = {kNamed};
    tier.classes = {{Protocol::Tcp, 80, 80, {allow()}}};
    EXPECT_THAT(text(Direction::Egress, {tier}),
                HasSubstr("chain ge3_1\n"
                          "  ip daddr . meta l4proto . th dport @s4_c goto allowed_o\n"
                          "  ip6 daddr . meta l4proto . th dport @s6_c goto allowed_o\n"
                          "  meta l4proto . th dport vmap @ge3_1_pp\n"));
}

TEST(Plan, WhatPassesATierGoesToTheNextAndIsAllowedAfterTheLast) {
    Tier admin;
    admin.otherwise = Action::Pass;
    admin.classes = {{Protocol::Tcp, 80, 80, {{Action::Deny, {false, {kPods}}}}}};
    Tier baseline;
    baseline.otherwise = Action::Pass;
    baseline.classes = {{Protocol::Tcp, 81, 81, {{Action::Deny, {true, {}}}}}};
    const auto found = text(Direction::Ingress, {admin, baseline});
    EXPECT_THAT(found, HasSubstr("chain gi3_1\n"
                                 "  meta l4proto . th dport vmap @gi3_1_pp\n"
                                 "  goto gi3_1_t1\n"));
    EXPECT_THAT(found, HasSubstr("chain gi3_1_c0\n"
                                 "  ip saddr @s4_a return\n"
                                 "  ip6 saddr @s6_a return\n"
                                 "  goto gi3_1_t1\n"));
    EXPECT_THAT(found, HasSubstr("chain gi3_1_t1\n"
                                 "  meta l4proto . th dport vmap @gi3_1_t1_pp\n"
                                 "  goto allowed_i\n"));
    EXPECT_THAT(found, HasSubstr("  6 0 0 0 0 81 0 0 : return\n"));
}

TEST(Plan, RangesAreToldByTheirEndsButTheLast) {
    const auto made = picture();
    const auto plans = plan_set(kBlocks, *made.find(kBlocks));
    ASSERT_EQ(plans.size(), 1U) << "no IPv6";
    EXPECT_TRUE(plans[0].set.is_interval);
    const std::vector<nft::Element> expected{{{10, 0, 0, 0}, false, {}},
                                             {{10, 0, 1, 0}, true, {}},
                                             {{10, 0, 2, 0}, false, {}},
                                             {{10, 0, 3, 0}, true, {}},
                                             {{255, 0, 0, 0}, false, {}}};
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
    const auto chain = endpoint_plan(Direction::Egress, "cali1", {}, Place{});
    EXPECT_EQ(chain.text(),
              "chain po_cali1\n"
              "  oifname \"cali1\" accept comment \"closed\"\n"
              "  ct state invalid counter name \"late_o_cali1\" drop comment \"closed\"\n"
              "  tcp flags & (fin | syn | rst | ack) != syn counter name \"late_o_cali1\" drop "
              "comment \"closed\"\n"
              "  ct status ! confirmed counter name \"asked_o_cali1\" comment \"closed\"\n"
              "  ct status ! confirmed counter name \"refused_o_cali1\" "
              "log prefix \"terway deny out cali1\" group 5450 drop comment \"closed\"\n"
              "  counter name \"late_o_cali1\" "
              "log prefix \"terway deny out cali1\" group 5450 drop comment \"closed\"\n");
    EXPECT_THAT(endpoint_plan(Direction::Egress, "cali1", Tag{"ge3_1", 3}, Place{}).text(),
                HasSubstr("  jump ge3_1 comment \"leads to ge3_1 of 3 rules\"\n"));
}

TEST(Plan, OnlyTheFirstPacketOfAConnectionIsToldAsAllowed) {
    EXPECT_EQ(plan_base({}).allowed[1].text(),
              "chain allowed_i\n"
              "  ct status ! confirmed log prefix \"terway allow in\" group 5450\n"
              "  accept\n");
}

TEST(Plan, WhereRulesCannotLogTheyDoTheRest) {
    Place place;
    place.logs = false;
    EXPECT_EQ(plan_base(place).allowed[0].text(), "chain allowed_o\n  accept\n");
    EXPECT_THAT(endpoint_plan(Direction::Egress, "cali1", {}, place).text(), Not(HasSubstr("log")));
}

TEST(LogPrefix, IsReadAsItIsWritten) {
    for (const auto direction : kDirections) {
        for (const LogPrefix& prefix :
             {LogPrefix{true, direction, {}}, LogPrefix{false, direction, "cali1"}}) {
            EXPECT_EQ(read_prefix(prefix.text()), prefix) << prefix.text();
        }
    }
    for (const auto* const other :
         {"", "terway", "terway deny ", "terway deny up", "deny in cali1"}) {
        EXPECT_EQ(read_prefix(other), std::nullopt) << other;
    }
}

TEST(Plan, TheNodesOwnPacketsAreNotAsked) {
    for (const auto& base : plan_base({}).bases) {
        EXPECT_TRUE(base.drops_by_default);
        EXPECT_THAT(base.chain.name, Not(testing::StartsWith("output")));
    }
}

TEST(Plan, EgressIsAskedBeforeIngress) {
    const auto bases = plan_base({}).bases;
    EXPECT_EQ(bases[0].chain.name, "forward_egress");
    EXPECT_FALSE(bases[0].is_second);
    EXPECT_EQ(bases[1].chain.name, "forward_ingress");
    EXPECT_TRUE(bases[1].is_second) << "of two of one priority the kernel asks the later first";
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

TEST(PlanSet, WhatTheKernelHasIsTakenOverButForWhatDiffers) {
    const auto element = [](const char* text, bool is_end = false) {
        return nft::Element{nft::address_key(address(text)), is_end, std::nullopt};
    };
    const std::vector there{element("10.0.0.3"), element("10.0.0.1"), element("10.0.0.2")};
    const std::vector wanted{element("10.0.0.1"), element("10.0.0.4"), element("10.0.0.3")};
    const auto found = difference_of(there, wanted);
    EXPECT_EQ(found.removed, std::vector{element("10.0.0.2")});
    EXPECT_EQ(found.added, std::vector{element("10.0.0.4")});
    EXPECT_TRUE(difference_of(wanted, wanted).empty());
    EXPECT_FALSE(difference_of({element("10.0.0.1")}, {element("10.0.0.1", true)}).empty());
}

}  // namespace
}  // namespace terway::felix
