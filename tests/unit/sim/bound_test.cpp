#include "sim/bound.hpp"

#include <gtest/gtest.h>

#include "terway/error.hpp"

namespace terway::sim {
namespace {

using namespace std::chrono_literals;

Burst burst(std::size_t pods) {
    Burst made;
    made.pods = pods;
    made.type = known_instance_types().at("ecs.g7.4xlarge");
    return made;
}

TEST(SimBound, TwoHundredPodsOnEightTimesThirtyNeedSevenCreatesAndSevenAttaches) {
    const Bound bound = bound_of(burst(200));
    EXPECT_EQ(bound.creates, 7U);
    EXPECT_EQ(bound.attaches, 7U);
    EXPECT_EQ(bound.assigns, 0U);
    EXPECT_EQ(bound.mutating_calls(), 14U);
    EXPECT_EQ(bound.least, 0ms);
}

TEST(SimBound, KeepingThePrimaryAddressTakesASlotOfEachEni) {
    Burst made = burst(30);
    EXPECT_EQ(bound_of(made).enis, 1U);
    made.keep_primary = true;
    EXPECT_EQ(bound_of(made).enis, 2U);
}

TEST(SimBound, ManyIpv6AddressesNeedAnAssignmentOnAsFewEnisAsPossible) {
    Burst made = burst(60);
    made.ipv6 = true;
    EXPECT_EQ(bound_of(made).enis, 2U);
    EXPECT_EQ(bound_of(made).assigns, 2U);
    made.pods = 35;
    EXPECT_EQ(bound_of(made).assigns, 1U) << "ten at the one, twenty-five at the other";
    made.pods = 10;
    EXPECT_EQ(bound_of(made).assigns, 0U);
}

TEST(SimBound, PrefixesHoldSixteenPodsEach) {
    Burst made = burst(160);
    made.prefixes = true;
    EXPECT_EQ(bound_of(made).mutating_calls(), 2U);
    made.pods = 161;
    EXPECT_EQ(bound_of(made).mutating_calls(), 3U);
}

TEST(SimBound, AddsUpFixedDelays) {
    Burst made = burst(200);
    made.settings.create = {1s, 1s};
    made.settings.attach = {3s, 3s};
    made.settings.latency = {100ms, 100ms};
    EXPECT_EQ(bound_of(made).least, 4100ms);
    EXPECT_EQ(bound_of(made).expected, 4100ms);
    made.ipv6 = true;
    EXPECT_EQ(bound_of(made).least, 4200ms);
}

TEST(SimBound, ExpectsTheLongestOfTheRandomDelays) {
    Burst made = burst(30);
    made.settings.attach = {2s, 4s};
    EXPECT_EQ(bound_of(made).least, 2s);
    EXPECT_NEAR(static_cast<double>(bound_of(made).expected.count()), 3000, 2);
    made.pods = 210;
    EXPECT_NEAR(static_cast<double>(bound_of(made).expected.count()), 2000 + 2000 * 7.0 / 8, 3);
}

TEST(SimBound, WaitsForTheTokensOfTheThrottle) {
    Burst made = burst(210);
    made.settings.set("throttle.AttachNetworkInterface", "60/4");
    EXPECT_EQ(bound_of(made).least, 3s);
}

TEST(SimBound, RefusesWhatTheInstanceCannotHold) {
    EXPECT_THROW((void)bound_of(burst(211)), Error);
    EXPECT_EQ(bound_of(burst(0)).mutating_calls(), 0U);
}

}  // namespace
}  // namespace terway::sim
