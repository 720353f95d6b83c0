// Pods of a simulated cluster, from the API server over the kubelet and terwayd to the packet.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>

#include "base/file.hpp"
#include "kernel.hpp"
#include "kube_node.hpp"
#include "stream.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
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

TEST_F(KubeletTest, APodInTheHostsNetworkHasTheAddressesOfItsNode) {
    cluster_.start_kubelet();
    cluster_.create("proxy", {.host_network = true});
    EXPECT_EQ(cluster_.await_running("proxy").text(), Node::kNode4);
    EXPECT_THAT(cluster_.addresses("proxy"), SizeIs(2));
    EXPECT_EQ(cluster_.kubelet().sandboxes(), 0U);
    cluster_.remove("proxy");
    EXPECT_TRUE(eventually([&] { return cluster_.pod("proxy").empty(); }, kLimit));
}

TEST_F(KubeletTest, AWrongBandwidthKeepsThePodPendingAndAnEventNamesTheAnnotation) {
    cluster_.give_pod_cidrs();
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("wrong", {.annotations = {{kRate, "ten"}}});
    const auto told = [&](const std::string& what) {
        const auto all = cluster_.events("wrong");
        return std::any_of(all.begin(), all.end(), [&](const std::string& event) {
            return event.starts_with("Warning " + what) && event.find(kRate) != std::string::npos;
        });
    };
    EXPECT_TRUE(eventually([&] { return told("AllocIPFailed: "); }, kLimit));
    EXPECT_TRUE(eventually([&] { return told("FailedCreatePodSandBox: "); }, kLimit));
    EXPECT_EQ(cluster_.phase("wrong"), "Pending");
    EXPECT_TRUE(cluster_.addresses("wrong").empty());
    EXPECT_TRUE(eventually([&] { return cluster_.kubelet().sandboxes() == 0; }, kLimit));
    // The kubelet tries again. This node's chain limits nobody.
    cluster_.annotate("wrong", kRate, "10M");
    (void)cluster_.await_running("wrong");
    EXPECT_TRUE(eventually(
        [&] {
            return testing::Matches(Contains(StartsWith("Warning BandwidthNotLimited: ")))(
                cluster_.events("wrong"));
        },
        kLimit));
}

TEST_F(KubeletTest, ARunningPodsLimitsFollowItsAnnotations) {
    const std::string log = node().files() / "limits";
    node().settings().chain = "qos = \"trial\"\n";
    cluster_.set_modules("[module.trial]\nlog = \"" + log + "\"\n");
    cluster_.give_pod_cidrs();
    auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("web", {.annotations = {{kRate, "1M"}}});
    (void)cluster_.await_running("web");
    const auto limits = [&] { return fs::exists(log) ? read_file(log) : std::string(); };
    EXPECT_EQ(limits(), "web 8388608 0\n");
    cluster_.annotate("web", kRate, "2M");
    EXPECT_TRUE(eventually([&] { return limits() == "web 8388608 0\nweb 16777216 0\n"; }, kLimit))
        << limits();
    EXPECT_TRUE(eventually(
        [&] {
            return testing::Matches(Contains(StartsWith("Normal BandwidthChanged: ")))(
                cluster_.events("web"));
        },
        kLimit));
    const auto seen = node().ctl_json("endpoints").at(0);
    EXPECT_EQ(seen.at("ingress_bps").to_number<int>(), 16777216);
    const auto& limit = seen.at("limits").at("ingress");
    EXPECT_EQ(limit.at("mode"), "trial");
    EXPECT_EQ(limit.at("limit_bps").to_number<int>(), 16777216);
    EXPECT_THAT(node().ctl({"endpoints"}).out, HasSubstr("0 of 16.8M (trial), 1 dropped"));
    const auto metrics = node().http("/metrics");
    EXPECT_THAT(metrics,
                HasSubstr("\nterway_bandwidth_limit_bps{namespace=\"default\",pod=\"web\","));
    EXPECT_THAT(metrics, HasSubstr("direction=\"ingress\"} 16777216\n"));
    EXPECT_THAT(metrics, Not(HasSubstr("direction=\"egress\"")));

    cluster_.annotate("web", kRate, "ten");
    EXPECT_TRUE(eventually(
        [&] {
            return testing::Matches(Contains(AllOf(StartsWith("Warning BandwidthRefused: "),
                                                   HasSubstr(kRate))))(cluster_.events("web"));
        },
        kLimit));

    // What changes while there is no daemon is made up for.
    EXPECT_EQ(daemon->stop(), 0);
    cluster_.annotate("web", kRate, "3M");
    daemon = cluster_.start_daemon();
    EXPECT_TRUE(eventually([&] { return limits().ends_with("web 25165824 0\n"); }, kLimit))
        << limits();
}

TEST_F(KubeletTest, RangesGivenToTheNodeLaterAreTakenByADaemonThatWaits) {
    cluster_.start_kubelet();
    const auto daemon = cluster_.launch_daemon();
    const auto asked = [&] {
        return cluster_.server().with(
            [](sim::kube::Api& api) { return api.calls().count("watch nodes"); });
    };
    ASSERT_TRUE(eventually([&] { return asked() != 0; }, kLimit)) << daemon->log();
    cluster_.create("early");
    cluster_.give_pod_cidrs({"172.20.7.0/24"});
    ASSERT_TRUE(daemon->serves()) << daemon->log();
    EXPECT_TRUE(Prefix::parse("172.20.7.0/24").value().contains(cluster_.await_running("early")));
}

// A second plugin whose DEL, which comes first, waits as long as there is a file "hold".
class SlowGoodbye : public KubeletTest {
protected:
    SlowGoodbye() {
        EXPECT_EQ(::mkfifo(gate_.c_str(), 0600), 0);
        gate_fd_.reset(::open(gate_.c_str(), O_RDWR | O_CLOEXEC));
        const auto file = cluster_.plugins() + "/slow";
        std::ofstream(file) << "#!/bin/sh\n[ $CNI_COMMAND = ADD ] && exec jq -c .prevResult\n"
                            << "[ -e " << hold_ << " ] || exit 0\ntouch " << held_
                            << "\nread -r word < " << gate_ << "\n";
        ::chmod(file.c_str(), 0700);
    }
    void hold() const { std::ofstream(hold_).flush(); }
    [[nodiscard]] bool is_held() const { return std::filesystem::exists(held_); }
    void let_go() const {
        std::filesystem::remove(hold_);
        EXPECT_EQ(::write(gate_fd_.get(), "go\n", 3), 3);
    }

private:
    const std::string gate_ = node_files() / "gate";
    const std::string hold_ = node_files() / "hold";
    const std::string held_ = node_files() / "held";
    Fd gate_fd_;

    const Workshop& node_files() { return node().files(); }
};

TEST_F(SlowGoodbye, ANewPodOfTheSameNameGetsItsNetworkAndTheOldOnesDelHarmsNothing) {
    cluster_.give_pod_cidrs();
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet({"slow"});
    cluster_.create("peer");
    const auto first = cluster_.create("web-0");
    const auto old = cluster_.await_running("web-0");
    (void)cluster_.await_running("peer");

    hold();
    cluster_.remove("web-0", 0);
    ASSERT_TRUE(eventually([&] { return is_held(); }, kLimit));
    const auto second = cluster_.create("web-0");
    ASSERT_NE(first, second);
    const auto now = cluster_.await_running("web-0");
    EXPECT_NE(now, old);
    EXPECT_EQ(cluster_.kubelet().sandboxes(), 3U);
    EXPECT_TRUE(cluster_.talks("peer", "web-0"));

    let_go();
    EXPECT_TRUE(eventually([&] { return cluster_.kubelet().sandboxes() == 2; }, kLimit));
    EXPECT_EQ(endpoints(), 2U);
    EXPECT_TRUE(cluster_.talks("peer", "web-0"));
    EXPECT_TRUE(cluster_.talks("web-0", "peer"));
    EXPECT_EQ(cluster_.addresses("web-0").at(0), now);
    EXPECT_EQ(settled(node()), "");
}

TEST_F(KubeletTest, APodTheDaemonKnowsStartsByItsLabelsWhileTheApiServerIsDown) {
    node().settings().chain = "\n[[chain.when]]\nlabel = \"limit=yes\"\nqos = \"trial\"\n";
    cluster_.give_pod_cidrs();
    const auto daemon = cluster_.start_daemon();
    cluster_.create("known", {.labels = {{"limit", "yes"}}});
    // Watched after the first: when an ADD finds it in the cache, the first is there, too.
    cluster_.create("later");
    const auto lookups = [&] {
        const auto metrics = node().http("/metrics");
        return metrics.find("terway_kube_pod_lookups_total{from=\"cache\"}") != std::string::npos;
    };
    const auto probe = node().sandbox("probe");
    ASSERT_TRUE(eventually(
        [&] {
            CniCall call{.verb = "ADD", .container = "probe", .netns = probe->path()};
            call.args = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=later";
            EXPECT_TRUE(node().cni(call).ok());
            EXPECT_TRUE(node().del("probe", *probe).ok());
            return lookups();
        },
        kLimit));

    cluster_.server().set_down(true);
    cluster_.server().close_connections();
    cluster_.start_kubelet();
    (void)cluster_.await_running("known");
    std::string chain;
    const auto records = node().ctl_json("endpoints");
    for (const auto& record : records.as_array()) {
        if (record.at("pod_name") == "known") {
            chain = boost::json::serialize(record.at("chain"));
        }
    }
    EXPECT_THAT(chain, HasSubstr("trial"));
    EXPECT_EQ(cluster_.annotation("known", kPodIps), "");

    cluster_.server().set_down(false);
    EXPECT_TRUE(
        eventually([&] { return !cluster_.annotation("known", kPodIps).empty(); }, seconds(60)));
}

TEST_F(KubeletTest, ADelEndsAnAddThatWaitsForItsPod) {
    cluster_.give_pod_cidrs();
    const auto daemon = cluster_.start_daemon();
    cluster_.server().with([](sim::kube::Api& api) {
        api.faults().add({.action = "get pods", .kind = sim::FaultRule::Kind::Hang});
    });
    const auto sandbox = node().sandbox("probe");
    CniCall call{.verb = "ADD", .container = "probe", .netns = sandbox->path()};
    call.args = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=nobody";
    auto adding = std::async(std::launch::async, [&] { return node().cni(call); });
    EXPECT_TRUE(eventually(
        [&] {
            return cluster_.server().with(
                       [](sim::kube::Api& api) { return api.calls().count("get pods"); }) != 0;
        },
        kLimit));
    EXPECT_TRUE(node().del("probe", *sandbox).ok());
    const auto added = adding.get();
    EXPECT_FALSE(added.ok());
    EXPECT_THAT(added.out, HasSubstr("was removed while it waited"));
    EXPECT_EQ(endpoints(), 0U);
}

}  // namespace
}  // namespace terway::test
