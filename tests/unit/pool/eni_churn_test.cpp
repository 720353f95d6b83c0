#include <gtest/gtest.h>

#include <iostream>

#include "fakes/churn.hpp"

namespace terway::fakes {
namespace {

using std::chrono::milliseconds;

const cloud::InstanceLimits kEightByThirty{"ecs.g7.4xlarge", 8, 30, 30, 8, false};

TEST(EniChurn, FiveHoursOfTenPodsASecondCostAlmostNoCalls) {
    const auto result = churn({});
    std::cout << "churn: " << result.pods << " pods, " << result.calls << " calls, "
              << result.calls_per_1000_pods << " calls per 1000 pods, longest wait "
              << result.longest_wait.count() << " ms\n";
    EXPECT_GT(result.pods, 170'000U);
    EXPECT_LE(result.calls_per_1000_pods, 5.0);
    EXPECT_EQ(result.refused, 0U);
    EXPECT_EQ(result.doubles, 0U);
    EXPECT_TRUE(result.in_step);
}

TEST(EniChurn, DualStackChurnStaysInStepToo) {
    ChurnPlan plan;
    plan.settings.families = pool::Families::Dual;
    plan.lasts = std::chrono::hours(1);
    const auto result = churn(plan);
    EXPECT_LE(result.calls_per_1000_pods, 20.0);
    EXPECT_EQ(result.refused, 0U);
    EXPECT_EQ(result.doubles, 0U);
    EXPECT_TRUE(result.in_step);
}

TEST(EniBurst, TwoHundredPodsAtOnceTakeTheFewestCallsAndOneRoundOfTheCloud) {
    const auto result = cold_burst(200, kEightByThirty, {});
    EXPECT_EQ(result.served, 200U);
    EXPECT_EQ(result.fewest_calls, 14U);
    EXPECT_EQ(result.calls, 14U);
    EXPECT_EQ(result.last_served, result.bound);
}

TEST(EniBurst, TwoHundredPodsOneAfterTheOtherTakeAtMostOneCallMore) {
    const auto result = cold_burst(200, kEightByThirty, {}, milliseconds(1));
    EXPECT_EQ(result.served, 200U);
    EXPECT_LE(result.calls, 15U);
    EXPECT_LE(result.last_served, result.bound * 5 / 4);
}

TEST(EniBurst, PodsBeyondTheQuotaAreLeftWaiting) {
    const auto result = cold_burst(250, kEightByThirty, {});
    EXPECT_EQ(result.served, 210U);
    EXPECT_EQ(result.calls, 14U);
}

}  // namespace
}  // namespace terway::fakes
