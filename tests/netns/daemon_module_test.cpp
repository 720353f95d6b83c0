// Modules that hang, throw, fail and crash: the caller is answered, the others are not disturbed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <fstream>

#include "kernel.hpp"
#include "netlink/link.hpp"
#include "node.hpp"
#include "stream.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

class DaemonModule : public testing::Test {
protected:
    DaemonModule() {
        auto& settings = node_.settings();
        settings.chain = "qos = \"trial\"";
        settings.daemon = "module_deadline = \"200ms\"\nmax_lost_threads = 2";
        settings.modules = "[module.trial]\nrelease = \"" + release_ + "\"";
    }
    ~DaemonModule() override { release(); }

    void release() const { std::ofstream(release_).close(); }

    // Another pod gets its network and loses it again.
    void expect_service() {
        const auto pod = node_.sandbox("served");
        const auto added = node_.add("served", *pod);
        ASSERT_TRUE(added.ok()) << added.out;
        EXPECT_TRUE(ping(node_.fd(), added.v4()));
        EXPECT_TRUE(node_.del("served", *pod).ok());
    }

    Node node_;
    const std::string release_ = node_.files() / "release";
    std::unique_ptr<Sandbox> pod_ = node_.sandbox("a");
    std::unique_ptr<Sandbox> other_ = node_.sandbox("b");
};

TEST_F(DaemonModule, AHungModuleCostsItsCallerAnAnswerAndNobodyElseAnything) {
    const auto daemon = node_.start();
    const auto running = node_.add("running", *other_);
    ASSERT_TRUE(running.ok()) << running.out;
    const Stream stream(node_.fd(), other_->fd(), running.v4());

    const auto begin = Clock::now();
    const auto added = node_.add("hang-attach", *pod_);
    EXPECT_LT(Clock::now() - begin, seconds(10));
    EXPECT_EQ(added.code(), 11) << added.out;
    EXPECT_THAT(added.message(), HasSubstr("did not return in time"));
    EXPECT_TRUE(daemon->logged("module=trial verb=qos.attach")) << daemon->log();

    EXPECT_EQ(node_.del("hang-attach", *pod_).code(), 11) << "the key is stuck";
    EXPECT_EQ(node_.add("hang-attach", *pod_).code(), 11);
    const auto status = node_.status();
    EXPECT_EQ(status.code(), 50) << status.out;
    EXPECT_THAT(status.message(), HasSubstr("module"));
    EXPECT_THAT(node_.http("/healthz"), HasSubstr("503"));
    EXPECT_THAT(node_.http("/metrics"), HasSubstr("terway_module_lost_calls 1"));
    EXPECT_TRUE(stream.carries("still here"));
    expect_service();

    release();
    ASSERT_TRUE(eventually([&] { return node_.status().ok(); }, seconds(10))) << daemon->log();
    EXPECT_EQ(settled(node_), "") << "what the late call did is taken back";
    EXPECT_EQ(node_.ctl_json("endpoints").as_array().size(), 1U);
    const auto again = node_.add("hang-attach", *pod_);
    EXPECT_TRUE(again.ok()) << again.out;
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonModule, AHungDetachIsFinishedWhenTheModuleReturns) {
    const auto daemon = node_.start();
    ASSERT_TRUE(node_.add("hang-detach", *pod_).ok());
    EXPECT_EQ(node_.del("hang-detach", *pod_).code(), 11);
    expect_service();
    release();
    EXPECT_TRUE(eventually([&] { return node_.del("hang-detach", *pod_).ok(); }, seconds(10)));
    EXPECT_EQ(settled(node_), "");
    EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonModule, MoreStuckCallsThanAllowedEndTheDaemonAndTheNextOneServes) {
    const auto daemon = node_.start();
    const auto running = node_.add("running", *other_);
    ASSERT_TRUE(running.ok()) << running.out;
    const Stream stream(node_.fd(), other_->fd(), running.v4());
    std::vector<std::unique_ptr<Sandbox>> pods;
    for (int i = 0; i < 3; ++i) {
        const auto name = "hang-attach" + std::to_string(i);
        pods.push_back(node_.sandbox(name));
        EXPECT_EQ(node_.add(name, *pods.back()).code(), 11);
    }
    EXPECT_EQ(daemon->wait(), by_signal(SIGABRT)) << daemon->log();
    EXPECT_TRUE(daemon->logged("too many calls are stuck in modules")) << daemon->log();

    const auto next = node_.start();
    EXPECT_TRUE(next->logged("kept=1 gone=0 finished=3 failed=0")) << next->log();
    EXPECT_EQ(settled(node_), "");
    EXPECT_TRUE(stream.carries("still here"));
    expect_service();
    EXPECT_EQ(next->stop(), 0) << next->log();
}

TEST_F(DaemonModule, AStopDoesNotWaitForAStuckCallForEver) {
    const auto daemon = node_.start();
    EXPECT_EQ(node_.add("hang-attach", *pod_).code(), 11);
    EXPECT_EQ(daemon->stop(), 0);
    EXPECT_TRUE(daemon->logged("requests are stuck in a module")) << daemon->log();
    const auto next = node_.start();
    EXPECT_EQ(settled(node_), "");
    EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
}

TEST_F(DaemonModule, WhateverAModuleThrowsIsAnErrorOfItsCallerAlone) {
    const auto daemon = node_.start();
    const auto before = snapshot(pod_->fd());
    for (const auto* id : {"throw-attach", "fail-attach"}) {
        SCOPED_TRACE(id);
        const auto added = node_.add(id, *pod_);
        EXPECT_EQ(added.code(), 101) << added.out;
        EXPECT_THAT(added.message(), HasSubstr("module trial: qos.attach"));
        EXPECT_EQ(settled(node_), "");
        EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
        EXPECT_EQ(changes(before, snapshot(pod_->fd())), "");
    }
    expect_service();
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonModule, ADetachThatFailsLeavesTheAddressTakenAndTheRestRemoved) {
    const auto daemon = node_.start();
    const auto added = node_.add("throw-detach", *pod_);
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_TRUE(node_.del("throw-detach", *pod_).ok());
    EXPECT_TRUE(eventually([&] {
        auto socket = netlink::Socket::in(node_.fd());
        return !netlink::find_link(socket, added.host_link());
    })) << "the dataplane detaches though another module did not";
    const auto records = node_.ctl_json("endpoints");
    ASSERT_EQ(records.as_array().size(), 1U);
    EXPECT_EQ(records.at(0).at("state"), "deleting");
    EXPECT_EQ(node_.ctl_json("status").at("pool").at("cidrs").at(0).at("used"), 1);
    EXPECT_THAT(node_.http("/metrics"), HasSubstr("terway_detach_failures_total 1"));
    EXPECT_EQ(node_.ctl({"check"}).exit, 3);
    expect_service();
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonModule, ACrashNamesTheModuleAndItsVerbAndTheNextDaemonCleansUp) {
    const auto daemon = node_.start();
    const auto running = node_.add("running", *other_);
    ASSERT_TRUE(running.ok()) << running.out;
    const Stream stream(node_.fd(), other_->fd(), running.v4());
    EXPECT_EQ(node_.add("crash-attach", *pod_).code(), 11);
    EXPECT_EQ(daemon->wait(), by_signal(SIGSEGV));
    EXPECT_THAT(daemon->log(), HasSubstr("trial qos.attach crash-attach/eth0"));

    const auto next = node_.start();
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(node_.ctl_json("endpoints").as_array().size(), 1U);
    EXPECT_TRUE(stream.carries("still here"));
    expect_service();
    EXPECT_EQ(next->stop(), 0) << next->log();
}

TEST_F(DaemonModule, AKeyThatCrashesThreeTimesRunningIsRefusedTheFourth) {
    for (int i = 0; i < 3; ++i) {
        const auto daemon = node_.start();
        EXPECT_EQ(node_.add("crash-attach", *pod_).code(), 11);
        ASSERT_EQ(daemon->wait(), by_signal(SIGSEGV));
    }
    const auto daemon = node_.start();
    const auto refused = node_.add("crash-attach", *pod_);
    EXPECT_EQ(refused.code(), 101) << refused.out;
    EXPECT_THAT(refused.message(), HasSubstr("three times running"));
    expect_service();
    EXPECT_TRUE(node_.del("crash-attach", *pod_).ok());
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonModule, ADetachThatCrashesEveryTimeDoesNotKeepTheDaemonFromServing) {
    {
        const auto daemon = node_.start();
        ASSERT_TRUE(node_.add("crash-detach", *pod_).ok());
        EXPECT_TRUE(node_.del("crash-detach", *pod_).ok());
        ASSERT_EQ(daemon->wait(), by_signal(SIGSEGV));
    }
    for (int i = 0; i < 2; ++i) {
        const auto daemon = node_.launch();
        EXPECT_FALSE(daemon->serves());
        ASSERT_EQ(daemon->wait(), by_signal(SIGSEGV));
    }
    const auto daemon = node_.start();
    EXPECT_TRUE(daemon->logged("failed=1")) << daemon->log();
    expect_service();
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

}  // namespace
}  // namespace terway::test
