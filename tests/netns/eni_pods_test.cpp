// Pods with addresses of ENIs: the real daemon, the real CNI binary, a simulated cloud.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cloud_node.hpp"

namespace terway::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

struct Pod {
    std::unique_ptr<Sandbox> sandbox;
    CniReply added;
};

Pod make_pod(CloudNode& cloud, const std::string& name) {
    Pod pod{cloud.node().sandbox(name), {}};
    pod.added = cloud.node().add(name, *pod.sandbox);
    EXPECT_TRUE(pod.added.ok()) << name << ": " << pod.added.out;
    return pod;
}

// The ENI that has the address by the cloud's word; empty if none.
std::string home_of(CloudNode& cloud, const IpAddress& address) {
    for (const auto& [id, eni] : cloud.enis()) {
        if (eni.addresses.contains(address) ||
            std::any_of(eni.prefixes.begin(), eni.prefixes.end(),
                        [&](const Prefix& prefix) { return prefix.contains(address); })) {
            return eni.status == "InUse" ? id : "";
        }
    }
    return "";
}

TEST(EniPods, AWarmAddAsksTheCloudNothing) {
    CloudNode cloud({.pool = "min_idle = 1\nmax_idle = 6"});
    const auto daemon = cloud.node().start();
    ASSERT_TRUE(eventually([&] {
        return cloud.metric("terway_pool_events_total{detail=\"ok\",event=\"resync\"}") >= 1;
    }));
    const auto pod = cloud.node().sandbox("a");
    const auto total = [&] {
        return cloud.cloud().with([](sim::Cloud& all) { return all.calls().total(); });
    };
    const auto before = total();
    EXPECT_GT(before, 0U);
    EXPECT_TRUE(cloud.node().add("c", *pod).ok());
    EXPECT_EQ(total(), before);
    EXPECT_EQ(cloud.agreed(), "");
}

TEST(EniPods, APodHasAnAddressThatTheCloudHasOnItsEniAndTalksWithIt) {
    CloudNode cloud({.pool = "min_idle = 2\nmax_idle = 4"});
    const auto daemon = cloud.node().start();
    const auto pod = make_pod(cloud, "a");
    EXPECT_THAT(pod.added.addresses(), SizeIs(1));
    EXPECT_NE(home_of(cloud, pod.added.v4()), "") << pod.added.v4().text();
    EXPECT_TRUE(cloud.talks(*pod.sandbox, pod.added.v4()));
    EXPECT_EQ(cloud.agreed(), "");
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST(EniPods, AnAddressRestsAfterItsPodAndIsThenIdleAgain) {
    CloudNode cloud({.pool = "min_idle = 1\nmax_idle = 6", .cool_down = "1h"});
    auto daemon = cloud.node().start();
    const auto pod = make_pod(cloud, "a");
    const auto used = pod.added.v4();
    ASSERT_TRUE(cloud.node().del("a", *pod.sandbox).ok());
    ASSERT_TRUE(eventually([&] { return cloud.in_state("cooling") == 1; }));
    const auto other = make_pod(cloud, "b");
    EXPECT_NE(other.added.v4(), used);
    EXPECT_EQ(daemon->stop(), 0);

    daemon = cloud.node().start();
    EXPECT_EQ(cloud.in_state("cooling"), 1U) << "a restart does not cut the rest short";
    EXPECT_EQ(cloud.in_state("used"), 1U);
    EXPECT_EQ(cloud.agreed(), "");
}

TEST(EniPods, AnAddressThatHasRestedIsGivenAgain) {
    CloudNode cloud({.pool = "min_idle = 0\nmax_idle = 1\nmax_enis = 1", .cool_down = "1s"});
    const auto daemon = cloud.node().start();
    std::vector<Pod> pods;
    for (int i = 0; i < 6; ++i) {
        pods.push_back(make_pod(cloud, "p" + std::to_string(i)));
    }
    const auto free = pods.back().added.v4();
    ASSERT_TRUE(cloud.node().del("p5", *pods.back().sandbox).ok());
    // It waits for the one address there is.
    const auto next = make_pod(cloud, "next");
    ASSERT_TRUE(next.added.ok());
    EXPECT_EQ(next.added.v4(), free);
    EXPECT_TRUE(cloud.talks(*next.sandbox, free));
    EXPECT_EQ(cloud.agreed(), "");
}

TEST(EniPods, DualStackPodsHaveBothAddressesOfOneEni) {
    CloudNode cloud({.pool = "families = \"dual\"\nmin_idle = 2\nmax_idle = 4"});
    const auto daemon = cloud.node().start();
    const auto pod = make_pod(cloud, "a");
    ASSERT_THAT(pod.added.addresses(), SizeIs(2));
    EXPECT_NE(home_of(cloud, pod.added.v4()), "");
    EXPECT_EQ(home_of(cloud, pod.added.v4()), home_of(cloud, pod.added.v6()));
    EXPECT_TRUE(cloud.talks(*pod.sandbox, pod.added.v4()));
    EXPECT_TRUE(cloud.talks(*pod.sandbox, pod.added.v6()));
    EXPECT_EQ(cloud.agreed(), "");
    ASSERT_TRUE(cloud.node().del("a", *pod.sandbox).ok());
    EXPECT_EQ(cloud.agreed(), "");
}

TEST(EniPods, Ipv6OnlyPodsTalkByIpv6) {
    CloudNode cloud({.pool = "families = \"ipv6\"\nmin_idle = 2\nmax_idle = 4"});
    const auto daemon = cloud.node().start();
    const auto pod = make_pod(cloud, "a");
    ASSERT_THAT(pod.added.addresses(), SizeIs(1));
    EXPECT_NE(home_of(cloud, pod.added.v6()), "");
    EXPECT_TRUE(cloud.talks(*pod.sandbox, pod.added.v6()));
    EXPECT_EQ(cloud.agreed(), "");
}

TEST(EniPods, AddressesOfDelegatedPrefixesCarryPods) {
    CloudNode cloud({.pool = "prefixes = true\nmin_idle = 2\nmax_idle = 4"});
    const auto daemon = cloud.node().start();
    std::vector<Pod> pods;
    const auto before = cloud.mutating_calls();
    for (int i = 0; i < 10; ++i) {
        pods.push_back(make_pod(cloud, "p" + std::to_string(i)));
    }
    EXPECT_EQ(cloud.mutating_calls(), before) << "the first prefix holds them all";
    for (const auto* pod : {&pods.front(), &pods.back()}) {
        EXPECT_NE(home_of(cloud, pod->added.v4()), "");
        EXPECT_TRUE(cloud.talks(*pod->sandbox, pod->added.v4()));
    }
    EXPECT_EQ(cloud.agreed(), "");
}

TEST(EniPods, AStickyPodReturnsToItsAddressAndNobodyHasItMeanwhile) {
    CloudNode cloud({.pool = "min_idle = 0\nmax_idle = 1\nsticky_pods = [\"prod/db-*\"]\n"
                             "sticky_for = \"1h\""});
    auto daemon = cloud.node().start();
    auto& node = cloud.node();
    const auto first = node.sandbox("first");
    const auto added = node.cni(add_of("c1", *first, "prod", "db-0"));
    ASSERT_TRUE(added.ok()) << added.out;
    ASSERT_TRUE(node.del("c1", *first).ok());
    ASSERT_TRUE(eventually([&] { return cloud.in_state("reserved") == 1; }));
    const auto other = node.sandbox("other");
    const auto stranger = node.cni(add_of("c2", *other, "prod", "web-0"));
    ASSERT_TRUE(stranger.ok()) << stranger.out;
    EXPECT_NE(stranger.v4(), added.v4());
    EXPECT_EQ(daemon->stop(), 0);

    daemon = node.start();
    const auto again = node.sandbox("again");
    const auto returned = node.cni(add_of("c3", *again, "prod", "db-0"));
    ASSERT_TRUE(returned.ok()) << returned.out;
    EXPECT_EQ(returned.v4(), added.v4());
    EXPECT_TRUE(cloud.talks(*again, returned.v4()));
    EXPECT_EQ(cloud.agreed(), "");
}

TEST(EniPods, AFullNodeSaysWhyUntilAPodLeaves) {
    CloudNode cloud({.pool = "min_idle = 1\nmax_idle = 2"});
    const auto daemon = cloud.node().start();
    auto& node = cloud.node();
    std::vector<Pod> pods;
    std::set<IpAddress> given;
    for (int i = 0; i < 12; ++i) {
        pods.push_back(make_pod(cloud, "p" + std::to_string(i)));
        given.insert(pods.back().added.v4());
    }
    EXPECT_THAT(given, SizeIs(12));
    const auto beyond = node.sandbox("beyond");
    const auto refused = node.add("beyond", *beyond);
    EXPECT_EQ(refused.code(), 11) << refused.out;
    EXPECT_THAT(refused.message(), AllOf(HasSubstr("ecs.g7.large"), HasSubstr("2 of 2 ENIs")));
    const auto status = node.status();
    EXPECT_EQ(status.code(), 50) << status.out;
    EXPECT_THAT(status.message(), HasSubstr("ecs.g7.large"));
    EXPECT_TRUE(cloud.talks(*pods.front().sandbox, pods.front().added.v4()));
    EXPECT_TRUE(cloud.talks(*pods.back().sandbox, pods.back().added.v4()));
    ASSERT_TRUE(node.del("p3", *pods[3].sandbox).ok());
    EXPECT_TRUE(eventually([&] { return node.status().ok(); })) << node.status().out;
    const auto added = node.add("beyond", *beyond);
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_EQ(added.v4(), pods[3].added.v4());
    EXPECT_EQ(cloud.agreed(), "");
}

}  // namespace
}  // namespace terway::test
