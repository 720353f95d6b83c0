// Pods of a simulated cluster, from the API server over the kubelet and terwayd to the packet.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "kernel.hpp"
#include "kube_node.hpp"
#include "stream.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr seconds kLimit{20};
constexpr const char* kPodIps = "k8s.aliyun.com/pod-ips";
constexpr const char* kRate = "k8s.aliyun.com/ingress-bandwidth";

class KubeletTest : public testing::Test {
protected:
    std::size_t endpoints() { return node().ctl_json("endpoints").as_array().size(); }
    Node& node() { return cluster_.node(); }

    KubeNode cluster_;
};

TEST_F(KubeletTest, PodsOfTheApiServerGetANetworkAndLoseIt) {
    cluster_.give_pod_cidrs();
    const auto daemon = cluster_.start_daemon();
    const auto before = snapshot(node().fd());
    cluster_.start_kubelet();
    for (const auto* name : {"one", "two", "three", "four", "five"}) {
        cluster_.create(name);
    }
    for (const auto* name : {"one", "two", "three", "four", "five"}) {
        (void)cluster_.await_running(name);
    }
    EXPECT_THAT(cluster_.addresses("one"), SizeIs(2));
    EXPECT_TRUE(cluster_.talks("one", "two"));
    EXPECT_TRUE(cluster_.talks("five", "three"));
    EXPECT_EQ(endpoints(), 5U);
    const auto both =
        cluster_.addresses("one").at(0).text() + "," + cluster_.addresses("one").at(1).text();
    EXPECT_TRUE(eventually([&] { return cluster_.annotation("one", kPodIps) == both; }, kLimit));
    EXPECT_TRUE(eventually(
        [&] {
            const auto events = cluster_.events("one");
            return testing::Matches(
                Contains(AllOf(StartsWith("Normal AllocIPSucceed: "),
                               HasSubstr(cluster_.addresses("one")[0].text()))))(events);
        },
        kLimit));

    for (const auto* name : {"one", "two", "three", "four", "five"}) {
        cluster_.remove(name);
    }
    EXPECT_TRUE(eventually([&] { return cluster_.kubelet().sandboxes() == 0; }, kLimit));
    EXPECT_TRUE(eventually([&] { return cluster_.pod("one").empty(); }, kLimit));
    EXPECT_EQ(endpoints(), 0U);
    EXPECT_TRUE(eventually([&] { return changes(before, snapshot(node().fd())).empty(); }, kLimit))
        << changes(before, snapshot(node().fd()));
    EXPECT_TRUE(std::filesystem::is_empty(node().files() / "sandboxes"));
}

}  // namespace
}  // namespace terway::test
