// The cloud is away, slow, behind, full or elsewhere in time; pods come and go as far as they can.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud_node.hpp"

namespace terway::test {
namespace {

using namespace std::chrono_literals;
using sim::FaultRule;
using testing::HasSubstr;
using testing::Not;

class EniOutage : public testing::Test {
protected:
    void begin(const CloudSettings& settings) {
        cloud_ = std::make_unique<CloudNode>(settings);
        daemon_ = node().start();
    }
    void restart() {
        ASSERT_EQ(daemon_->stop(), 0) << daemon_->log();
        daemon_ = node().start();
    }
    Node& node() { return cloud_->node(); }

    CniReply add(const std::string& name) {
        if (!pods_.contains(name)) {
            pods_[name] = node().sandbox(name);
        }
        return node().add(name, *pods_[name]);
    }
    void expect_added(const std::string& name) {
        const auto added = add(name);
        ASSERT_TRUE(added.ok()) << name << ": " << added.out << daemon_->log();
        EXPECT_TRUE(cloud_->talks(*pods_[name], added.v4())) << name;
    }
    void expect_deleted(const std::string& name) {
        EXPECT_TRUE(node().del(name, *pods_[name]).ok());
        pods_.erase(name);
    }
    void expect_agreement() { EXPECT_EQ(cloud_->agreed(), "") << daemon_->log(); }

    std::unique_ptr<CloudNode> cloud_;
    std::map<std::string, std::unique_ptr<Sandbox>> pods_;
    std::unique_ptr<Daemon> daemon_;
};

TEST_F(EniOutage, PodsComeAndGoWhileTheCloudIsAwayEvenAfterARestart) {
    begin({.pool = "min_idle = 3\nmax_idle = 3\nmax_enis = 1"});
    expect_added("old");
    ASSERT_EQ(cloud_->agreed(), "");
    cloud_->go_away();
    expect_added("a");
    expect_added("b");
    expect_deleted("a");
    restart();
    EXPECT_TRUE(daemon_->logged("going on with what was known")) << daemon_->log();
    expect_added("c");
    expect_deleted("old");
    expect_added("d");
    EXPECT_EQ(settled(node()), "");
    cloud_->come_back();
    EXPECT_TRUE(eventually([&] { return cloud_->in_state("idle") >= 1; }, 15s));
    expect_agreement();
    EXPECT_TRUE(node().status().ok()) << node().status().out;
}

TEST_F(EniOutage, AnAddWithoutAnIdleAddressWaitsForTheCloudToReturn) {
    begin({.pool = "min_idle = 0\nmax_idle = 1\nmax_enis = 1"});
    const auto hang = cloud_->add_fault({.kind = FaultRule::Kind::Html});
    const auto pod = node().sandbox("waiting");
    Process add(node().cni_command({.verb = "ADD", .container = "waiting", .netns = pod->path()}));
    EXPECT_TRUE(eventually([&] { return cloud_->struck(hang) >= 1; }));
    EXPECT_TRUE(node().status().exit == 0 || node().status().code() == 50);
    cloud_->clear_faults();
    EXPECT_EQ(add.wait(after(20s)), 0);
    expect_agreement();
}

TEST_F(EniOutage, AThrottlingCloudIsNotPressedAndServesAgainAfterwards) {
    begin({.pool = "min_idle = 3\nmax_idle = 3\nmax_enis = 1"});
    ASSERT_EQ(cloud_->agreed(), "");
    const auto throttled = cloud_->add_fault(
        {.code = "Throttling.User", .status = 400, .lasting = std::chrono::minutes(10)});
    expect_added("a");
    ASSERT_TRUE(eventually([&] { return cloud_->struck(throttled) >= 2; }));
    expect_added("b");
    expect_deleted("a");
    EXPECT_LE(cloud_->calls("AssignPrivateIpAddresses"), 6U);
    cloud_->cloud().skip(std::chrono::minutes(11));
    EXPECT_TRUE(eventually([&] { return cloud_->in_state("idle") >= 3; }, 20s))
        << cloud_->troubles();
    expect_agreement();
}

TEST_F(EniOutage, AFullVSwitchIsPassedOverForTheNext) {
    CloudSettings settings{.pool = "min_idle = 2\nmax_idle = 2",
                           .cloud = "vswitches = [\"vsw-a\", \"vsw-b\"]\n"};
    cloud_ = std::make_unique<CloudNode>(settings);
    cloud_->cloud().with([](sim::Cloud& all) { all.enis().drain("vsw-a", 0); });
    daemon_ = node().start();
    const auto added = add("a");
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_TRUE(Prefix::parse("10.0.1.0/24").value().contains(added.v4())) << added.v4().text();
    EXPECT_TRUE(cloud_->talks(*pods_["a"], added.v4()));
    expect_agreement();
}

TEST_F(EniOutage, WithAllVSwitchesFullTheNodeSaysWhichAndServesWhenAPodLeaves) {
    CloudSettings settings{.pool = "min_idle = 1\nmax_idle = 1",
                           .cloud = "vswitches = [\"vsw-a\", \"vsw-b\"]\n"};
    cloud_ = std::make_unique<CloudNode>(settings);
    daemon_ = node().start();
    cloud_->cloud().with([](sim::Cloud& all) {
        all.enis().drain("vsw-a", 0);
        all.enis().drain("vsw-b", 0);
    });
    expect_added("a");
    EXPECT_TRUE(eventually([&] {
        const auto told = cloud_->troubles();
        return told.find("vsw-a") != std::string::npos && told.find("vsw-b") != std::string::npos;
    })) << cloud_->troubles();
    const auto refused = add("b");
    EXPECT_EQ(refused.code(), 11) << refused.out;
    EXPECT_THAT(refused.message(), HasSubstr("vswitch vsw-a has no free address"));
    EXPECT_THAT(refused.message(), HasSubstr("vswitch vsw-b has no free address"));
    const auto status = node().status();
    EXPECT_EQ(status.code(), 50) << status.out;
    EXPECT_THAT(status.message(), HasSubstr("vswitch vsw-a has no free address"));
    expect_deleted("a");
    EXPECT_TRUE(eventually([&] { return node().status().ok(); })) << node().status().out;
    expect_added("b");
    expect_agreement();
}

TEST_F(EniOutage, StaleAnswersAfterARestartLoseNothing) {
    begin({.pool = "min_idle = 2\nmax_idle = 2"});
    expect_added("a");
    ASSERT_EQ(cloud_->agreed(), "");
    // From here on a reading does not show what was just done.
    cloud_->set("stale", "3s");
    cloud_->set("metadata_lag", "3s");
    expect_added("b");
    expect_added("c");
    restart();
    expect_added("d");
    EXPECT_TRUE(eventually([&] { return cloud_->in_state("idle") >= 2; }, 15s));
    expect_agreement();
    EXPECT_THAT(daemon_->log(), Not(HasSubstr("vanished")));
    EXPECT_EQ(cloud_->in_state("missing"), 0U);
}

TEST_F(EniOutage, AWrongClockIsCorrectedByTheCloudsOwn) {
    cloud_ = std::make_unique<CloudNode>(CloudSettings{.pool = "min_idle = 2\nmax_idle = 2"});
    cloud_->cloud().skip(1h);
    daemon_ = node().start();
    EXPECT_TRUE(daemon_->logged("the node's clock is wrong")) << daemon_->log();
    expect_added("a");
    ASSERT_EQ(cloud_->agreed(), "");
    cloud_->cloud().skip(1h);
    expect_added("b");
    expect_added("c");
    EXPECT_TRUE(eventually([&] { return cloud_->in_state("idle") >= 2; }, 15s));
    expect_agreement();
}

TEST_F(EniOutage, ExpiredCredentialsOfARoleAreRenewed) {
    begin({.pool = "min_idle = 2\nmax_idle = 2", .role = true});
    ASSERT_EQ(cloud_->agreed(), "");
    const auto now = cloud_->cloud().time();
    cloud_->cloud().with([&](sim::Cloud& all) { all.keys().expire_sessions(now); });
    expect_added("a");
    expect_added("b");
    EXPECT_TRUE(eventually([&] { return cloud_->in_state("idle") >= 2; }, 15s))
        << cloud_->troubles();
    expect_agreement();
    EXPECT_THAT(daemon_->log(), Not(HasSubstr("testsecret")));
}

TEST_F(EniOutage, PodsAreServedThroughASlowCloudWithARate) {
    begin({.pool = "min_idle = 1\nmax_idle = 2",
           .simulation = "create = \"200ms..400ms\"\nattach = \"500ms..1s\"\n"
                         "metadata_lag = \"500ms\"\nlatency = \"50ms..100ms\"\n"
                         "\"throttle.*\" = \"120/2\"\n"});
    for (const auto* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
        expect_added(name);
    }
    expect_agreement();
}

}  // namespace
}  // namespace terway::test
