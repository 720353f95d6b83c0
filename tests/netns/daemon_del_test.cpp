// DEL succeeds, whatever is left of the container; and leaves nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel.hpp"
#include "node.hpp"
#include "stream.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using testing::IsEmpty;

class DaemonDel : public testing::Test {
protected:
    void add() {
        const auto added = node_.add("c", *pod_);
        ASSERT_TRUE(added.ok()) << added.out;
    }
    void expect_gone(const CniReply& reply) {
        EXPECT_TRUE(reply.ok()) << reply.out;
        EXPECT_EQ(reply.out, "");
        EXPECT_EQ(settled(node_), "");
        EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
        EXPECT_THAT(node_.tickets(), IsEmpty());
        EXPECT_EQ(changes(before_, snapshot(node_.fd())), "");
    }

    Node node_;
    std::unique_ptr<Daemon> daemon_ = node_.start();
    std::unique_ptr<Sandbox> pod_ = node_.sandbox("a");
    const std::string before_ = snapshot(node_.fd());
};

TEST_F(DaemonDel, WithoutANetworkNamespace) {
    add();
    expect_gone(node_.del("c"));
    EXPECT_EQ(Node::shell("ip -o link show type veth", pod_->fd()), "");
}

TEST_F(DaemonDel, WithAPathThatLeadsNowhere) {
    add();
    expect_gone(node_.del("c", "/run/netns/there-is-no-such-thing"));
}

TEST_F(DaemonDel, WithAPathThatIsNoNetworkNamespace) {
    add();
    expect_gone(node_.del("c", node_.profile()));
}

TEST_F(DaemonDel, WithAPathThatLeadsToAnotherPodByNow) {
    add();
    const auto other = node_.sandbox("b");
    const auto served = node_.add("other", *other);
    ASSERT_TRUE(served.ok()) << served.out;
    const Stream stream(node_.fd(), other->fd(), served.v4());
    EXPECT_TRUE(node_.del("c", *other).ok());
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(node_.ctl_json("endpoints").as_array().size(), 1U);
    EXPECT_EQ(node_.ctl({"check"}).exit, 0);
    EXPECT_TRUE(stream.carries("undisturbed"));
}

TEST_F(DaemonDel, OfAContainerNobodyHasHeardOf) {
    expect_gone(node_.del("stranger", *pod_));
    expect_gone(node_.del("stranger"));
}

TEST_F(DaemonDel, TwiceAndThrice) {
    add();
    for (int i = 0; i < 3; ++i) {
        expect_gone(node_.del("c", *pod_));
    }
}

TEST_F(DaemonDel, AfterTheSandboxWasDestroyed) {
    add();
    const auto path = pod_->path();
    pod_.reset();
    expect_gone(node_.del("c", path));
}

TEST_F(DaemonDel, AfterTheDaemonWasStartedAnew) {
    add();
    EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
    daemon_ = node_.start();
    expect_gone(node_.del("c", *pod_));
    EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
    daemon_ = node_.start();
    expect_gone(node_.del("c", *pod_));
}

TEST_F(DaemonDel, AfterSomebodyTookEverythingAway) {
    for (const auto* damage : {"ip link del $(ip -o link | grep -o 'cali[0-9a-f]*' | head -1)",
                               "ip route flush table main proto static", "nft flush ruleset"}) {
        SCOPED_TRACE(damage);
        add();
        node_.shell(damage);
        EXPECT_TRUE(node_.del("c", *pod_).ok());
        EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
        EXPECT_TRUE(eventually(
            [&] { return node_.shell("ip -o link").find("cali") == std::string::npos; }));
    }
}

TEST_F(DaemonDel, WithAPreviousResultNobodyUnderstands) {
    add();
    CniCall call{.verb = "DEL", .container = "c", .netns = pod_->path()};
    call.more["prevResult"] = boost::json::object{{"interfaces", "nonsense"}};
    call.more["mtu"] = -5;
    call.args = "IgnoreUnknown=1;K8S_POD_NAME=\x01;;=";
    expect_gone(node_.cni(call));
}

TEST_F(DaemonDel, TheAddressIsNotGivenAgainWhileItCools) {
    EXPECT_EQ(daemon_->stop(), 0);
    node_.settings().cool_down = "1h";
    daemon_ = node_.start();
    const auto first = node_.add("c", *pod_);
    ASSERT_TRUE(first.ok()) << first.out;
    ASSERT_TRUE(node_.del("c", *pod_).ok());
    const auto cools = [&] {
        return node_.ctl_json("status").at("pool").at("cidrs").at(0).at("cooling").to_number<int>();
    };
    EXPECT_EQ(cools(), 1);
    const auto second = node_.add("c", *pod_);
    ASSERT_TRUE(second.ok()) << second.out;
    EXPECT_NE(second.v4(), first.v4());
    daemon_->kill();
    daemon_ = node_.start();
    EXPECT_EQ(cools(), 1) << "cooling outlives the daemon";
    const auto other = node_.sandbox("b");
    const auto third = node_.add("other", *other);
    EXPECT_NE(third.v4(), first.v4());
    EXPECT_NE(third.v4(), second.v4());
    EXPECT_EQ(settled(node_), "");
}

}  // namespace
}  // namespace terway::test
