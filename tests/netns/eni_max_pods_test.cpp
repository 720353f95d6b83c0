// `terwayd --max-pods`, before a daemon has ever run and beside one, on the simulated cloud.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud_node.hpp"

namespace terway::test {
namespace {

std::string capacity(const CloudNode& cloud, const char* what) {
    const auto pool = cloud.node().ctl_json("pool");
    const auto& whole = pool.at("exclusive_enis");
    return std::to_string((*what != '\0' ? whole.at(what) : pool.at("capacity")).to_number<int>()) +
           "\n";
}

TEST(EniMaxPods, IsWhatTheDaemonLaterTellsOfItsPool) {
    CloudNode cloud({.pool = "min_idle = 0\nmax_idle = 1\nfamilies = \"dual\""});
    const auto asked = cloud.node().run_daemon({"--max-pods", "--profile", cloud.node().profile()});
    EXPECT_EQ(asked.exit, 0) << asked.err;
    EXPECT_THAT(asked.err, testing::HasSubstr("secondary ENIs of ecs.g7.large"));
    EXPECT_EQ(cloud.mutating_calls(), 0U);
    const auto daemon = cloud.node().start();
    EXPECT_EQ(asked.out, capacity(cloud, ""));
    EXPECT_EQ(cloud.node().run_daemon({"--max-pods", "--profile", cloud.node().profile()}).out,
              asked.out);
}

TEST(EniMaxPods, OfWholeEnisIsTheirNumber) {
    CloudNode cloud({.pool = "families = \"dual\"\n[pool.exclusive]\nmin_idle = 0\nmax_idle = 1",
                     .source = "exclusive-eni",
                     .dataplane = "eni-exclusive",
                     .type = "ecs.g7.2xlarge"});
    EXPECT_EQ(cloud.node().run_daemon({"--max-pods", "--profile", cloud.node().profile()}).out,
              "3\n");
    const auto daemon = cloud.node().start();
    EXPECT_EQ(capacity(cloud, "capacity"), "3\n");
}

TEST(EniMaxPods, SaysWhatIsWrongIfTheCloudDoesNotAnswer) {
    CloudNode cloud;
    cloud.add_fault({.action = "DescribeInstanceTypes",
                     .kind = sim::FaultRule::Kind::Error,
                     .code = "Forbidden.RAM",
                     .status = 403});
    const auto asked = cloud.node().run_daemon({"--max-pods", "--profile", cloud.node().profile()});
    EXPECT_EQ(asked.exit, 1);
    EXPECT_EQ(asked.out, "");
    EXPECT_THAT(asked.err, testing::HasSubstr("Forbidden.RAM"));
}

}  // namespace
}  // namespace terway::test
