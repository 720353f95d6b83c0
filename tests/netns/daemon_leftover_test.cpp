// ADD meets what others left behind, and names that are taken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel.hpp"
#include "netlink/link.hpp"
#include "node.hpp"
#include "stream.hpp"

namespace terway::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class DaemonLeftover : public testing::Test {
protected:
    [[nodiscard]] CniReply add_of_pod(const std::string& container, const Sandbox& pod) const {
        return node_.cni({.verb = "ADD",
                          .container = container,
                          .netns = pod.path(),
                          .args = "K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web-0"});
    }

    Node node_;
    std::unique_ptr<Daemon> daemon_ = node_.start();
    std::unique_ptr<Sandbox> pod_ = node_.sandbox("a");
};

TEST_F(DaemonLeftover, AStaleHostLinkOfTheSameNameIsReplaced) {
    const auto link = node_.add("c", *pod_).host_link();
    ASSERT_TRUE(node_.del("c", *pod_).ok());
    ASSERT_EQ(settled(node_), "");
    node_.shell("ip link add " + link + " type veth peer name leftover");
    const auto added = node_.add("c", *pod_);
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_EQ(settled(node_), "");
    EXPECT_TRUE(ping(node_.fd(), added.v4()));
}

TEST_F(DaemonLeftover, AnInterfaceTheSandboxAlreadyHasIsNotTouched) {
    Node::shell("ip link add eth0 type veth peer name other; ip link set eth0 up", pod_->fd());
    const auto node_before = snapshot(node_.fd());
    const auto pod_before = snapshot(pod_->fd());
    const auto added = node_.add("c", *pod_);
    EXPECT_EQ(added.code(), 7) << added.out;
    EXPECT_THAT(added.message(), HasSubstr("already has a link eth0"));
    EXPECT_EQ(settled(node_), "");
    EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
    EXPECT_EQ(changes(node_before, snapshot(node_.fd())), "");
    EXPECT_EQ(changes(pod_before, snapshot(pod_->fd())), "");
}

TEST_F(DaemonLeftover, TheInterfaceOfAnotherContainerInTheSameSandboxIsNotTouched) {
    const auto first = node_.add("first", *pod_);
    ASSERT_TRUE(first.ok()) << first.out;
    const auto second = node_.add("second", *pod_);
    EXPECT_EQ(second.code(), 7) << second.out;
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(node_.ctl({"check"}).exit, 0);
    EXPECT_TRUE(ping(node_.fd(), first.v4()));
}

TEST_F(DaemonLeftover, AnAddOfWhatExistsIsRefusedAndChangesNothing) {
    const auto added = node_.add("c", *pod_);
    ASSERT_TRUE(added.ok()) << added.out;
    const Stream stream(node_.fd(), pod_->fd(), added.v4());
    const auto again = node_.add("c", *pod_);
    EXPECT_EQ(again.code(), 7) << again.out;
    EXPECT_THAT(again.message(), HasSubstr("exists already"));
    EXPECT_EQ(settled(node_), "");
    EXPECT_TRUE(stream.carries("still here"));
}

TEST_F(DaemonLeftover, AnAddOfWhatIsBrokenMakesItAnewWithTheSameAddress) {
    const auto added = node_.add("c", *pod_);
    ASSERT_TRUE(added.ok()) << added.out;
    for (const auto& damage :
         {"ip link del " + added.host_link(), "ip route del " + added.v4().text() + "/32"}) {
        SCOPED_TRACE(damage);
        node_.shell(damage);
        const auto again = node_.add("c", *pod_);
        ASSERT_TRUE(again.ok()) << again.out;
        EXPECT_EQ(again.addresses(), added.addresses());
        EXPECT_EQ(settled(node_), "");
        EXPECT_TRUE(ping(node_.fd(), again.v4()));
        EXPECT_TRUE(ping(node_.fd(), again.v6()));
    }
}

TEST_F(DaemonLeftover, AnotherSandboxForTheSameKeyReplacesAVanishedOne) {
    const auto added = node_.add("c", *pod_);
    ASSERT_TRUE(added.ok()) << added.out;
    pod_.reset();
    const auto fresh = node_.sandbox("fresh");
    const auto again = node_.add("c", *fresh);
    ASSERT_TRUE(again.ok()) << again.out;
    EXPECT_EQ(again.addresses(), added.addresses());
    EXPECT_EQ(settled(node_), "");
    EXPECT_TRUE(ping(node_.fd(), again.v4()));
}

TEST_F(DaemonLeftover, TheSameNameCanBeAddedAgainRightAfterItsDel) {
    for (int i = 0; i < 10; ++i) {
        const auto added = node_.add("c", *pod_);
        ASSERT_TRUE(added.ok()) << added.out;
        EXPECT_TRUE(ping(node_.fd(), added.v4()));
        ASSERT_TRUE(node_.del("c", *pod_).ok());
        const auto other = node_.add("d", *pod_);
        ASSERT_TRUE(other.ok()) << other.out;
        ASSERT_TRUE(node_.del("d", *pod_).ok());
    }
    EXPECT_EQ(settled(node_), "");
}

TEST_F(DaemonLeftover, HostLinksAreNamedAfterTheContainer) {
    const auto added = add_of_pod("c", *pod_);
    ASSERT_TRUE(added.ok()) << added.out;
    // sha1("c/eth0")
    EXPECT_EQ(added.host_link(), "cali1f767a1fe82");
}

TEST_F(DaemonLeftover, HostLinksAreNamedAfterThePodWhereFelixExpectsIt) {
    EXPECT_EQ(daemon_->stop(), 0);
    node_.settings().endpoint = "host_names = \"felix\"";
    daemon_ = node_.start();
    const auto added = add_of_pod("old", *pod_);
    ASSERT_TRUE(added.ok()) << added.out;
    // sha1("ns.web-0")
    EXPECT_EQ(added.host_link(), "cali91fb42d0bf1");

    // The next sandbox of the same pod takes the name over; the DEL of the former one comes late.
    const auto next = node_.sandbox("next");
    const auto replaced = add_of_pod("new", *next);
    ASSERT_TRUE(replaced.ok()) << replaced.out;
    EXPECT_EQ(replaced.host_link(), added.host_link());
    ASSERT_TRUE(node_.del("old", *pod_).ok());
    EXPECT_EQ(settled(node_), "");
    EXPECT_TRUE(ping(node_.fd(), replaced.v4()));
    EXPECT_TRUE(ping(node_.fd(), replaced.v6()));
}

}  // namespace
}  // namespace terway::test
