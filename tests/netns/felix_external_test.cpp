// policy-felix that leaves it to a calico-felix, which is a stand-in here: that it lives, that it
// tells of pods, and that nothing of ours gets in its way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "fake_felix.hpp"
#include "kernel.hpp"
#include "policy_pods.hpp"
#include "stream.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

constexpr seconds kLimit{20};
constexpr const char* kDenyAll = R"({"podSelector": {}, "policyTypes": ["Ingress"]})";

class FelixExternal : public testing::Test {
protected:
    FelixExternal() {
        node().settings().endpoint = "host_names = \"felix\"\n";
        for (const auto* pod : {"web", "red"}) {
            pods_.create(pod);
        }
    }

    KubeNode& cluster() { return pods_.cluster(); }
    Node& node() { return pods_.node(); }

    // ADDs wait until Felix lives, and with `told` until it tells of the pod.
    void leave_it_to_felix(bool told, const std::string& deadline = "60s",
                           const std::string& startup = "deny") {
        pods_.set_policy(
            deadline,
            "confirm = true\n[module.policy-felix]\nbackend = \"external\"\n" +
                (told ? "endpoint_status_dir = \"" + felix_.status_dir() + "\"\n" : ""),
            startup);
    }
    bool has_table() {
        return node().shell("nft list tables").find("terway-policy") != std::string::npos;
    }
    bool talks(const std::string& from, const std::string& to) {
        const auto& all = pods_.addresses(to);
        return !all.empty() && std::all_of(all.begin(), all.end(), [&](const auto& each) {
            return ping(pods_.fd(from), each);
        });
    }

    // An ADD that has told the addresses and goes on waiting for Felix.
    std::future<CniReply> add_until_told(const std::string& pod) {
        auto adding = std::async(std::launch::async, [this, pod] { return pods_.add(pod); });
        EXPECT_TRUE(eventually([&] { return !pod_ips(pod).empty(); }, kLimit));
        return adding;
    }
    std::string pod_ips(const std::string& pod) {
        return cluster().annotation(pod, "k8s.aliyun.com/pod-ips");
    }

    PolicyPods pods_;
    FakeFelix felix_{node().fd(), node().files() / "endpoint-status"};
};

TEST_F(FelixExternal, PutsNothingIntoTheKernelAndLetsPodsIn) {
    leave_it_to_felix(false);
    cluster().apply_policy("deny", kDenyAll);
    felix_.start();
    felix_.set_ready(true);
    const auto daemon = cluster().start_daemon();
    for (const auto* pod : {"web", "red"}) {
        const auto added = pods_.add(pod);
        ASSERT_TRUE(added.ok()) << added.out << daemon->log();
    }
    EXPECT_FALSE(has_table());
    EXPECT_TRUE(talks("web", "red"));
    EXPECT_EQ(settled(node()), "");
    EXPECT_TRUE(pods_.check("web").ok());
    EXPECT_TRUE(pods_.del("web").ok());
    EXPECT_EQ(settled(node()), "");
}

TEST_F(FelixExternal, RemovesTheTableOfTheOtherBackendOnceFelixLivesAndNoSooner) {
    cluster().apply_policy("deny", kDenyAll);
    auto daemon = cluster().start_daemon();
    for (const auto* pod : {"web", "red"}) {
        ASSERT_TRUE(pods_.add(pod).ok()) << daemon->log();
    }
    EXPECT_FALSE(talks("web", "red"));
    daemon->kill();
    leave_it_to_felix(false);
    felix_.start();
    daemon = cluster().start_daemon();
    EXPECT_TRUE(eventually([&] { return daemon->logged("calico-felix is not ready"); }, kLimit));
    EXPECT_TRUE(has_table());
    EXPECT_FALSE(talks("web", "red")) << "what was in force stays until Felix takes over";
    felix_.set_ready(true);
    EXPECT_TRUE(eventually([&] { return !has_table(); }, kLimit)) << daemon->log();
    EXPECT_TRUE(talks("web", "red"));
}

TEST_F(FelixExternal, AnAddWaitsUntilFelixTellsOfThePodAndTellsItsAddressesBefore) {
    leave_it_to_felix(true);
    felix_.start();
    felix_.set_ready(true);
    const auto daemon = cluster().start_daemon();
    auto adding = add_until_told("web");
    EXPECT_EQ(adding.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
    const auto told = pod_ips("web");
    felix_.tell_of("web");
    const auto added = adding.get();
    ASSERT_TRUE(added.ok()) << added.out << daemon->log();
    EXPECT_EQ(told, added.v4().text() + "," + added.v6().text());
}

TEST_F(FelixExternal, TellsAddressesInCalicosWordsWhereTheProfileSaysSo) {
    pods_.set_kube("calico_pod_ips = true\n");
    leave_it_to_felix(true);
    felix_.start();
    felix_.set_ready(true);
    const auto daemon = cluster().start_daemon();
    auto adding = std::async(std::launch::async, [&] { return pods_.add("web"); });
    EXPECT_TRUE(eventually(
        [&] { return !cluster().annotation("web", "cni.projectcalico.org/podIPs").empty(); },
        kLimit))
        << daemon->log();
    felix_.tell_of("web");
    const auto added = adding.get();
    ASSERT_TRUE(added.ok()) << added.out << daemon->log();
    EXPECT_EQ(cluster().annotation("web", "cni.projectcalico.org/podIP"),
              added.v4().text() + "/32");
    EXPECT_EQ(cluster().annotation("web", "cni.projectcalico.org/podIPs"),
              added.v4().text() + "/32," + added.v6().text() + "/128");
}

TEST_F(FelixExternal, AnAddIsRefusedAndLeavesNothingWhereFelixSaysNothingInTime) {
    leave_it_to_felix(true, "300ms");
    felix_.start();
    felix_.set_ready(true);
    const auto before = snapshot(pods_.fd("web"));
    const auto daemon = cluster().start_daemon();
    const auto added = pods_.add("web");
    EXPECT_EQ(added.code(), 11) << added.out;
    EXPECT_THAT(added.message(), HasSubstr("calico-felix does not tell of the pod"));
    EXPECT_EQ(settled(node()), "");
    EXPECT_EQ(changes(before, snapshot(pods_.fd("web"))), "");
    felix_.tell_of("web");
    EXPECT_TRUE(pods_.add("web").ok()) << daemon->log();
}

TEST_F(FelixExternal, AnAddGoesOnWithAWarningWhereTheProfileSaysSo) {
    leave_it_to_felix(false, "300ms", "allow");
    const auto daemon = cluster().start_daemon();
    const auto added = pods_.add("web");
    ASSERT_TRUE(added.ok()) << added.out << daemon->log();
    EXPECT_TRUE(daemon->logged("calico-felix does not answer at http://127.0.0.1:9099/readiness"));
    EXPECT_TRUE(eventually(
        [&] {
            return testing::Matches(Contains(StartsWith("Warning NetworkPolicyNotReady: ")))(
                cluster().events("web"));
        },
        seconds(60)));
    EXPECT_FALSE(pods_.check("web").ok());
    felix_.start();
    felix_.set_ready(true);
    EXPECT_TRUE(eventually([&] { return pods_.check("web").ok(); }, kLimit));
}

TEST_F(FelixExternal, ADelEndsTheWaitForFelix) {
    leave_it_to_felix(true);
    felix_.start();
    felix_.set_ready(true);
    const auto daemon = cluster().start_daemon();
    auto adding = add_until_told("web");
    EXPECT_TRUE(pods_.del("web").ok());
    EXPECT_THAT(adding.get().message(), HasSubstr("removed while it waited for its policies"));
    EXPECT_EQ(settled(node()), "");
}

TEST_F(FelixExternal, AProfileByWhoseLinksFelixDoesNotKnowPodsIsRefused) {
    node().settings().endpoint = "";
    leave_it_to_felix(false);
    const auto daemon = cluster().launch_daemon();
    EXPECT_EQ(daemon->wait(), 2) << daemon->log();
    EXPECT_TRUE(
        daemon->logged("error: module policy-felix with backend = \"external\" needs "
                       "[endpoint] host_names = \"felix\""))
        << daemon->log();
    EXPECT_EQ(node().run_daemon({"--check-config", node().profile()}).exit, 2);
}

TEST_F(FelixExternal, AnInterfaceByWhichFelixDoesNotKnowThePodIsRefused) {
    leave_it_to_felix(false);
    felix_.start();
    felix_.set_ready(true);
    const auto daemon = cluster().start_daemon();
    const auto added = pods_.add("web", "net1");
    EXPECT_FALSE(added.ok());
    EXPECT_THAT(added.message(), HasSubstr("knows a pod's eth0 only, not its net1"));
    EXPECT_EQ(settled(node()), "");
}

}  // namespace
}  // namespace terway::test
