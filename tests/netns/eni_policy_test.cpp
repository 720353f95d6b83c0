// The published RAM policy against what a daemon really asks in its life.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "cloud_node.hpp"
#include "ram_policy.hpp"

namespace terway::test {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

constexpr const char* kLife =
    "families = \"dual\"\nreclaim_after = \"1s\"\nreconcile_every = \"1s\"\nleak_grace = \"1m\"\n";

ram::Policy published() {
    return ram::parse_policy(read_file(TERWAY_DOCS "/ram-policy.json"));
}

// A node grows, shrinks, loses and cleans up.
void live(CloudNode& cloud) {
    auto& node = cloud.node();
    cloud.set_pool(std::string(kLife) + "min_idle = 1\nmax_idle = 2\nmax_enis = 1\n");
    auto daemon = node.start();
    std::vector<std::unique_ptr<Sandbox>> pods;
    for (int i = 0; i < 4; ++i) {
        pods.push_back(node.sandbox("p" + std::to_string(i)));
        ASSERT_TRUE(node.add("p" + std::to_string(i), *pods.back()).ok());
    }
    for (int i = 1; i < 4; ++i) {
        ASSERT_TRUE(node.del("p" + std::to_string(i), *pods[static_cast<std::size_t>(i)]).ok());
    }
    EXPECT_TRUE(eventually([&] { return cloud.calls("UnassignIpv6Addresses") > 0; }, 10s));
    EXPECT_EQ(cloud.agreed(), "");
    ASSERT_TRUE(node.del("p0", *pods[0]).ok());
    EXPECT_EQ(daemon->stop(), 0);
    cloud.set_pool(std::string(kLife) + "min_idle = 0\nmax_idle = 0\n");
    daemon = node.start();
    EXPECT_TRUE(eventually([&] { return cloud.enis().empty(); }, 10s)) << daemon->log();
    EXPECT_EQ(daemon->stop(), 0);
}

TEST(EniPolicy, AllowsEveryCallOfALifeAndNothingThatIsNeverMade) {
    CloudNode cloud;
    live(cloud);
    const auto made = cloud.actions();
    const std::vector<std::string> all(made.begin(), made.end());
    EXPECT_EQ(ram::compare(published(), all).missing, std::vector<std::string>());
    auto unused = ram::compare(published(), all).unused;
    // ENIs get their tags as they are created; nothing tags them later.
    std::erase(unused, "ecs:TagResources");
    EXPECT_THAT(unused, IsEmpty());
}

}  // namespace
}  // namespace terway::test
