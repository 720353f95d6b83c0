// The daemon dies while a pod waits for its rules; the runtime repeats the ADD, or gives the pod
// up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <future>

#include "kernel.hpp"
#include "policy_pods.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr std::chrono::seconds kLimit{20};
constexpr std::uint16_t kPort = 80;
constexpr const char* kFromBlue = R"({"podSelector": {"matchLabels": {"app": "web"}},
    "ingress": [{"from": [{"podSelector": {"matchLabels": {"color": "blue"}}}],
                 "ports": [{"protocol": "UDP", "port": 80}]}]})";

class KubePolicyCrash : public testing::Test {
protected:
    KubePolicyCrash() {
        cluster().apply_policy("from-blue", kFromBlue);
        pods_.create("red", {{"color", "red"}});
        pods_.create("blue", {{"color", "blue"}});
        pods_.create("web", {{"app", "web"}});
        const auto daemon = cluster().start_daemon();
        for (const auto* pod : {"red", "blue"}) {
            const auto added = pods_.add(pod);
            EXPECT_TRUE(added.ok()) << added.out << daemon->log();
        }
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
        untouched_ = snapshot(pods_.fd("web"));
    }

    KubeNode& cluster() { return pods_.cluster(); }
    Node& node() { return pods_.node(); }
    void cut_off() {
        cluster().server().set_down(true);
        cluster().server().close_connections();
    }

    // The daemon is killed in the ADD of "web", at a checkpoint of it.
    void die_at(const std::string& checkpoint) {
        const auto daemon = cluster().start_daemon({{"TERWAY_CHECKPOINT", "kill:" + checkpoint}});
        const auto added = pods_.add("web");
        EXPECT_EQ(added.code(), 11) << added.out;
        ASSERT_EQ(daemon->wait(), by_signal(SIGKILL)) << daemon->log();
    }
    // The same, while it has built everything and waits for policies nobody has told of.
    void die_waiting() {
        cut_off();
        const auto daemon = cluster().start_daemon();
        auto adding = std::async(std::launch::async, [&] { return pods_.add("web"); });
        EXPECT_TRUE(eventually([&] { return pods_.links_with_rules().size() == 3; }, kLimit))
            << daemon->log();
        EXPECT_EQ(node().ctl_json("endpoints").as_array().size(), 3U);
        daemon->kill();
        EXPECT_EQ(adding.get().code(), 11);
    }

    void expect_right() {
        EXPECT_TRUE(pods_.reaches("blue", "web", kPort));
        EXPECT_TRUE(pods_.is_kept_from("red", "web", kPort));
        EXPECT_TRUE(pods_.is_kept_from("blue", "web", kPort + 1));
        EXPECT_TRUE(pods_.reaches("red", "blue", kPort));
        EXPECT_EQ(settled(node()), "");
        EXPECT_THAT(pods_.links_with_rules(), SizeIs(3));
    }
    // Nothing of "web" is there.
    void expect_gone() {
        EXPECT_EQ(settled(node()), "");
        EXPECT_EQ(node().ctl_json("endpoints").as_array().size(), 2U);
        EXPECT_TRUE(node().tickets().empty());
        EXPECT_TRUE(eventually([&] { return pods_.links_with_rules().size() == 2; }, kLimit));
        EXPECT_EQ(changes(untouched_, snapshot(pods_.fd("web"))), "");
        EXPECT_TRUE(pods_.reaches("red", "blue", kPort));
    }

    PolicyPods pods_;
    std::string untouched_;
};

TEST_F(KubePolicyCrash, AnAddThatIsRepeatedHasItsRulesAndNothingOfTheFirstIsLeft) {
    for (const auto* step : {"add.policy_attached", "add.rules_awaited", "add.activated"}) {
        SCOPED_TRACE(step);
        die_at(step);
        const auto daemon = cluster().start_daemon();
        const auto added = pods_.add("web");
        ASSERT_TRUE(added.ok()) << added.out << daemon->log();
        expect_right();
        EXPECT_TRUE(pods_.del("web").ok());
        expect_gone();
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    }
}

TEST_F(KubePolicyCrash, AnAddThatIsGivenUpLeavesNothing) {
    for (const auto* step : {"add.policy_attached", "add.rules_awaited", "add.activated"}) {
        SCOPED_TRACE(step);
        die_at(step);
        const auto daemon = cluster().start_daemon();
        EXPECT_TRUE(pods_.del("web").ok());
        expect_gone();
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    }
}

TEST_F(KubePolicyCrash, ADelWhileNoDaemonRunsIsCarriedOutByTheNext) {
    die_at("add.rules_awaited");
    EXPECT_TRUE(pods_.del("web").ok());
    EXPECT_THAT(node().tickets(), SizeIs(1));
    const auto daemon = cluster().start_daemon();
    EXPECT_TRUE(eventually([&] { return node().tickets().empty(); }, kLimit));
    expect_gone();
}

TEST_F(KubePolicyCrash, APodThatWaitedIsClosedUntilItsPoliciesAreKnown) {
    die_waiting();
    pods_.set_policy("1s");  // after which the pod goes on, closed
    const auto daemon = cluster().start_daemon();
    const auto added = pods_.add("web");
    ASSERT_TRUE(added.ok()) << added.out << daemon->log();
    EXPECT_TRUE(daemon->logged("a pod starts before its policies are known"));
    EXPECT_TRUE(pods_.is_kept_from("blue", "web", kPort));
    EXPECT_TRUE(pods_.is_kept_from("red", "web", kPort));
    EXPECT_TRUE(pods_.is_kept_from("web", "red", kPort));
    EXPECT_TRUE(pods_.reaches("red", "blue", kPort)) << "what was in force stays";

    cluster().server().set_down(false);
    expect_right();
}

TEST_F(KubePolicyCrash, APodThatWaitsAgainGetsItsRulesAsSoonAsPoliciesAreKnown) {
    die_waiting();
    const auto daemon = cluster().start_daemon();
    EXPECT_EQ(settled(node()), "") << "what was half-made is taken back first";
    auto adding = std::async(std::launch::async, [&] { return pods_.add("web"); });
    EXPECT_TRUE(
        eventually([&] { return node().ctl_json("endpoints").as_array().size() == 3; }, kLimit));
    EXPECT_EQ(adding.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
    cluster().server().set_down(false);
    const auto added = adding.get();
    ASSERT_TRUE(added.ok()) << added.out << daemon->log();
    expect_right();
}

TEST_F(KubePolicyCrash, ADelEndsTheWaitOfTheRepeatedAdd) {
    die_waiting();
    const auto daemon = cluster().start_daemon();
    auto adding = std::async(std::launch::async, [&] { return pods_.add("web"); });
    EXPECT_TRUE(eventually([&] { return pods_.links_with_rules().size() == 3; }, kLimit));
    EXPECT_TRUE(pods_.del("web").ok());
    EXPECT_THAT(adding.get().message(), HasSubstr("removed while it waited for its policies"));
    EXPECT_EQ(settled(node()), "");
    cluster().server().set_down(false);
    expect_gone();
}

}  // namespace
}  // namespace terway::test
