// Requests for one container that meet while an address is waited for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "cloud_node.hpp"

namespace terway::test {
namespace {

using namespace std::chrono_literals;
using sim::FaultRule;
using testing::HasSubstr;

TEST(EniRace, ADelEndsTheAddOfItsContainerThatWaitsForAnAddress) {
    CloudNode cloud({.pool = "min_idle = 0\nmax_idle = 1"});
    const auto daemon = cloud.node().start();
    const auto hang = cloud.add_fault({.action = "Create*", .kind = FaultRule::Kind::Html});
    const auto pod = cloud.node().sandbox("a");
    auto adding = std::async(std::launch::async, [&] { return cloud.node().add("a", *pod); });
    ASSERT_TRUE(eventually([&] { return cloud.struck(hang) >= 1; }));
    EXPECT_TRUE(cloud.node().del("a", *pod).ok());
    const auto added = adding.get();
    EXPECT_EQ(added.code(), 11) << added.out;
    EXPECT_THAT(added.message(), HasSubstr("was removed while it waited"));
    cloud.clear_faults();
    EXPECT_TRUE(cloud.node().add("a", *pod).ok());
    EXPECT_EQ(cloud.agreed(), "");
}

TEST(EniRace, AddsAndDelsOfTheSameContainersInAnyOrderNeitherLoseNorDoubleAnAddress) {
    CloudNode cloud({.pool = "min_idle = 1\nmax_idle = 3", .cool_down = "50ms"});
    const auto daemon = cloud.node().start();
    auto& node = cloud.node();
    constexpr unsigned kContainers = 8;
    std::vector<std::unique_ptr<Sandbox>> pods;
    for (unsigned i = 0; i < kContainers; ++i) {
        pods.push_back(node.sandbox("p" + std::to_string(i)));
    }
    std::mt19937 random(5);
    for (unsigned round = 0; round < 12; ++round) {
        std::vector<std::unique_ptr<Process>> running;
        for (unsigned i = 0; i < 12; ++i) {
            const auto which = random() % kContainers;
            running.push_back(std::make_unique<Process>(
                node.cni_command({.verb = random() % 2 == 0 ? "ADD" : "DEL",
                                  .container = "p" + std::to_string(which),
                                  .netns = pods[which]->path()})));
        }
        for (auto& each : running) {
            ASSERT_TRUE(each->wait(after(60s))) << daemon->log();
        }
        std::set<std::string> owned;
        std::size_t used = 0;
        const auto endpoints = node.ctl_json("endpoints");
        for (const auto& row : endpoints.as_array()) {
            for (const auto& address : row.at("addresses").as_array()) {
                owned.insert(std::string(address.as_string()));
                ++used;
            }
        }
        ASSERT_EQ(owned.size(), used) << "an address has two owners";
    }
    for (unsigned i = 0; i < kContainers; ++i) {
        EXPECT_TRUE(node.del("p" + std::to_string(i), *pods[i]).ok());
    }
    EXPECT_TRUE(
        eventually([&] { return cloud.in_state("used") + cloud.in_state("cooling") == 0; }));
    EXPECT_EQ(cloud.agreed(), "");
}

}  // namespace
}  // namespace terway::test
