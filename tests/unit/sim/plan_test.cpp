#include "sim/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vpc.hpp"

namespace terway::sim {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

const std::string kPortA = "eni-000001";
const std::string kPortB = "eni-000002";

TEST(SimPlan, EveryAddressIsDeliveredToThePortOfItsOwner) {
    Model model = two_nodes();
    model.assign_addresses("eni-b", {ip("10.0.0.50"), ip("fd00:10::50")});
    const Plan plan = plan_of(model);
    EXPECT_THAT(plan.deliveries, Contains(Pair(prefix("10.0.0.10/32"), kPortA)));
    EXPECT_THAT(plan.deliveries, Contains(Pair(prefix("10.0.0.50/32"), kPortB)));
    EXPECT_THAT(plan.deliveries, Contains(Pair(prefix("fd00:10::50/128"), kPortB)));
}

TEST(SimPlan, WhatNobodyOwnsInTheVpcIsDroppedAndTheRestGoesOutside) {
    Vpc vpc{prefix("10.0.0.0/8"), prefix("fd00:10::/56")};
    const Plan open = plan_of(two_nodes(vpc));
    for (const char* dropped : {"10.0.0.0/8", "10.0.0.0/24", "fd00:10::/64", "100.64.0.0/10"}) {
        EXPECT_THAT(open.deliveries, Contains(Pair(prefix(dropped), ""))) << dropped;
    }
    EXPECT_THAT(open.deliveries, Contains(Pair(prefix("0.0.0.0/0"), kUplink)));
    vpc.internet = false;
    const Plan closed = plan_of(two_nodes(vpc));
    EXPECT_THAT(closed.deliveries, Contains(Pair(prefix("0.0.0.0/0"), "")));
    EXPECT_THAT(closed.deliveries, Contains(Pair(prefix("::/0"), "")));
}

TEST(SimPlan, ARouteIsDeliveredToThePrimaryEniOfItsInstance) {
    Model model = two_nodes();
    model.add_route({prefix("172.20.1.0/24"), {NextHop::Kind::Instance, "i-a"}});
    EXPECT_THAT(plan_of(model).deliveries, Contains(Pair(prefix("172.20.1.0/24"), kPortA)));
}

TEST(SimPlan, ARouteToAnUnattachedEniIsDropped) {
    Model model = two_nodes();
    model.create_eni(in_vswitch("eni-x", "10.0.0.20"));
    model.add_route({prefix("172.20.1.0/24"), {NextHop::Kind::Eni, "eni-x"}});
    EXPECT_THAT(plan_of(model).deliveries, Contains(Pair(prefix("172.20.1.0/24"), "")));
    EXPECT_THAT(plan_of(model).deliveries, Not(Contains(Key(prefix("10.0.0.20/32")))));
}

TEST(SimPlan, AStrictVpcDeliversARouteOnlyToAnEniThatIsNotChecked) {
    Vpc vpc{prefix("10.0.0.0/8"), prefix("fd00:10::/56")};
    vpc.routes_imply_forwarding = false;
    Model model = two_nodes(vpc);
    model.add_route({prefix("172.20.1.0/24"), {NextHop::Kind::Instance, "i-a"}});
    EXPECT_THAT(plan_of(model).deliveries, Contains(Pair(prefix("172.20.1.0/24"), "")));
    model.set_source_dest_check("eni-a", false);
    EXPECT_THAT(plan_of(model).deliveries, Contains(Pair(prefix("172.20.1.0/24"), kPortA)));
    EXPECT_THAT(plan_of(model).unchecked, ElementsAre(kPortA));
}

TEST(SimPlan, OnlyThePrimaryEniIsConfigured) {
    Model model = two_nodes();
    model.assign_addresses("eni-a", {ip("fd00:10::10")});
    model.create_eni(in_vswitch("eni-x", "10.0.0.20"));
    model.attach_eni("eni-x", "i-a");
    const Plan plan = plan_of(model);
    const Port& primary = plan.ports.at(kPortA);
    EXPECT_EQ(primary.nic, "eth0");
    ASSERT_TRUE(primary.config);
    EXPECT_EQ(primary.config->address, prefix("10.0.0.10/24"));
    EXPECT_EQ(primary.config->gateway, ip("10.0.0.253"));
    EXPECT_EQ(primary.config->address6, prefix("fd00:10::10/64"));
    EXPECT_EQ(primary.config->gateway6, ip("fd00:10::ffff:ffff:ffff:fffd"));
    EXPECT_EQ(plan.ports.at("eni-000003").nic, "eth1");
    EXPECT_FALSE(plan.ports.at("eni-000003").config);
}

TEST(SimPlan, AddressResolutionIsAnsweredForTheWholeVSwitchButNotForTheAskersOwn) {
    Model model = two_nodes();
    model.assign_addresses("eni-a", {ip("10.0.0.50")});
    const Plan plan = plan_of(model);
    for (const char* answered : {"10.0.0.253", "10.0.0.11", "10.0.0.77", "fe80::1", "fd00:10::77",
                                 "fd00:10::ffff:ffff:ffff:fffd", "fd00:10::ffff:ffff:ffff:fff7"}) {
        EXPECT_TRUE(answers(plan, kPortA, ip(answered))) << answered;
    }
    for (const char* silent : {"10.0.0.10", "10.0.0.50", "10.0.1.1", "172.20.1.1", "fe80::2"}) {
        EXPECT_FALSE(answers(plan, kPortA, ip(silent))) << silent;
    }
    EXPECT_TRUE(answers(plan, kPortB, ip("10.0.0.50")));
    EXPECT_FALSE(answers(plan, kUplink, ip("10.0.0.10")));
    EXPECT_TRUE(is_gateway(plan, kPortA, ip("fe80::1")));
    EXPECT_FALSE(is_gateway(plan, kPortA, ip("10.0.0.11")));
}

TEST(SimPlan, UnallocatedAddressesCanBeLeftUnanswered) {
    Vpc vpc{prefix("10.0.0.0/8"), prefix("fd00:10::/56")};
    vpc.answer_unallocated = false;
    const Plan plan = plan_of(two_nodes(vpc));
    EXPECT_TRUE(answers(plan, kPortA, ip("10.0.0.11")));
    EXPECT_TRUE(answers(plan, kPortA, ip("10.0.0.253")));
    EXPECT_FALSE(answers(plan, kPortA, ip("10.0.0.77")));
    EXPECT_FALSE(answers(plan, kPortA, ip("fd00:10::77")));
}

}  // namespace
}  // namespace terway::sim
