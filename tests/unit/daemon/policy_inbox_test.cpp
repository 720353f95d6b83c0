#include "daemon/policy_inbox.hpp"

#include <gtest/gtest.h>

#include "policy_testing.hpp"

namespace terway::daemon {
namespace {

using namespace std::chrono_literals;
using Kind = PolicyInbox::Kind;

PolicyNews news_of(PolicyInbox& inbox) {
    return inbox.take({}, Clock::now());
}

void sync_common(PolicyInbox& inbox) {
    inbox.synced(Kind::Namespaces);
    inbox.synced(Kind::Pods);
    inbox.synced(Kind::Policies);
}

TEST(PolicyInboxes, HoldObjectsOfEveryKindByTheirNames) {
    PolicyInbox inbox;
    inbox.put(shared(policy::space("x")));
    inbox.put(shared(policy::pod("x", "web", "10.0.0.1")));
    inbox.put(shared(policy::policy(R"({"podSelector": {}})")));
    inbox.put(shared(policy::cluster_policy(
        R"({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}})")));
    EXPECT_EQ(inbox.size(), 4U);
    const auto news = news_of(inbox);
    EXPECT_NE(news.spaces.at("x"), nullptr);
    EXPECT_NE(news.pods.at({"x", "web"}), nullptr);
    EXPECT_NE(news.policies.at({"x", "p"}), nullptr);
    EXPECT_EQ(news.cluster_policies.at("c")->priority, 1);
    EXPECT_EQ(inbox.size(), 0U);
}

TEST(PolicyInboxes, HoldAnObjectThatChangedAgainOnceAsItIsNow) {
    PolicyInbox inbox;
    const auto policy = policy::cluster_policy(
        R"({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}})");
    inbox.put(shared(policy));
    inbox.drop(policy);
    const auto news = news_of(inbox);
    ASSERT_EQ(news.cluster_policies.size(), 1U);
    EXPECT_EQ(news.cluster_policies.at("c"), nullptr);
}

TEST(PolicyInboxes, KeepTheLatestOfAnObjectOnly) {
    PolicyInbox inbox;
    inbox.put(shared(policy::pod("x", "web", "10.0.0.1")));
    inbox.put(shared(policy::pod("x", "web", "10.0.0.2")));
    inbox.put(shared(policy::pod("x", "gone", "10.0.0.3")));
    inbox.drop(policy::pod("x", "gone", "10.0.0.3"));
    const auto news = inbox.take({}, after(0ms));
    ASSERT_EQ(news.pods.size(), 2U);
    EXPECT_EQ(news.pods.at({"x", "web"})->addresses[0], policy::ip("10.0.0.2"));
    EXPECT_EQ(news.pods.at({"x", "gone"}), nullptr);
    EXPECT_EQ(inbox.size(), 0U);
    EXPECT_FALSE(news.is_synced);
}

TEST(PolicyInboxes, AreSyncedWithoutClusterPoliciesWhereNobodyWatchesThem) {
    PolicyInbox inbox;
    sync_common(inbox);
    EXPECT_TRUE(news_of(inbox).is_synced);
}

TEST(PolicyInboxes, AreSyncedWithTheListOfClusterPoliciesWhereTheyAreWatched) {
    PolicyInbox inbox(true);
    sync_common(inbox);
    EXPECT_FALSE(news_of(inbox).is_synced);
    inbox.synced(Kind::ClusterPolicies);
    EXPECT_TRUE(news_of(inbox).is_synced);
}

TEST(PolicyInboxes, KnowWhichListWasRefusedUntilItIsIn) {
    PolicyInbox inbox(true);
    EXPECT_EQ(inbox.refusal(), "");
    inbox.refused(Kind::ClusterPolicies, "404 page not found");
    EXPECT_EQ(inbox.refusal(), "404 page not found");
    inbox.synced(Kind::ClusterPolicies);
    EXPECT_EQ(inbox.refusal(), "");
    inbox.refused(Kind::ClusterPolicies, "404 page not found");
    EXPECT_EQ(inbox.refusal(), "") << "what was told holds on";
}

}  // namespace
}  // namespace terway::daemon
