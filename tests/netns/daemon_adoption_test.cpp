// A restart is invisible: pods keep their traffic, and what was damaged meanwhile is repaired.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "kernel.hpp"
#include "netlink/link.hpp"
#include "node.hpp"
#include "stream.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class DaemonAdoption : public testing::Test {
protected:
    void expect_network(const Sandbox& from, const CniReply& to) {
        EXPECT_TRUE(ping(from.fd(), to.v4()));
        EXPECT_TRUE(ping(from.fd(), to.v6()));
    }

    Node node_;
    std::unique_ptr<Daemon> daemon_ = node_.start();
    std::unique_ptr<Sandbox> a_ = node_.sandbox("a");
    std::unique_ptr<Sandbox> b_ = node_.sandbox("b");
    const CniReply pod_a_ = node_.add("a", *a_);
    const CniReply pod_b_ = node_.add("b", *b_);
};

TEST_F(DaemonAdoption, ARestartLeavesTheKernelAndEveryConnectionAlone) {
    const Stream v4(a_->fd(), b_->fd(), pod_b_.v4());
    const Stream v6(a_->fd(), b_->fd(), pod_b_.v6());
    const Stream out(a_->fd(), node_.outside_fd(), IpAddress::parse(Node::kOutside4).value());
    const auto flow = [&](const std::string& when) {
        EXPECT_TRUE(v4.carries(when)) << when;
        EXPECT_TRUE(v6.carries(when)) << when;
        EXPECT_TRUE(out.carries(when)) << when;
    };
    flow("before");
    const auto before = snapshot(node_.fd());
    for (const bool graceful : {true, false}) {
        SCOPED_TRACE(graceful ? "SIGTERM" : "SIGKILL");
        if (graceful) {
            EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
        } else {
            daemon_->kill();
        }
        flow("while it is away");
        daemon_ = node_.start();
        flow("after");
        EXPECT_TRUE(daemon_->logged("kept=2 gone=0 finished=0 failed=0")) << daemon_->log();
        EXPECT_EQ(changes(before, snapshot(node_.fd())), "");
        EXPECT_EQ(settled(node_), "");
    }
    EXPECT_EQ(node_.add("a", *a_).code(), 7) << "the record has survived too";
}

TEST_F(DaemonAdoption, DamageDoneMeanwhileIsRepaired) {
    ASSERT_TRUE(pod_a_.ok() && pod_b_.ok());
    const auto link = pod_a_.host_link();
    const auto v4 = pod_a_.v4().text();
    const auto v6 = pod_a_.v6().text();
    const std::vector<std::pair<std::string, int>> damages{
        {"ip route del " + v4 + "; ip -6 route del " + v6, node_.fd()},
        {"sysctl -qw net.ipv4.conf." + link + ".accept_local=0", node_.fd()},
        {"ip neigh del " + v4 + " dev " + link, node_.fd()},
        {"ip neigh replace " + v6 + " lladdr 02:00:00:00:00:09 dev " + link, node_.fd()},
        {"nft flush set inet terway-veth sources4; nft flush set arp terway-veth sources",
         node_.fd()},
        {"nft delete table inet terway-veth", node_.fd()},
        {"nft flush ruleset", node_.fd()},
        {"nft flush chain inet terway-veth sources", node_.fd()},
        {"ip link set " + link + " down", node_.fd()},
        {"ip link set " + link + " group default", node_.fd()},
        {"ip link set eth0 down", a_->fd()},
        {"ip addr del " + v4 + "/32 dev eth0", a_->fd()},
        {"ip -6 addr del " + v6 + "/128 dev eth0", a_->fd()},
        {"ip route del default; ip -6 route del default", a_->fd()},
        {"ip neigh del 169.254.1.1 dev eth0; ip neigh del fe80::1 dev eth0", a_->fd()}};
    for (const auto& [damage, netns] : damages) {
        SCOPED_TRACE(damage);
        EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
        Node::shell(damage, netns);
        daemon_ = node_.start();
        EXPECT_TRUE(daemon_->logged("kept=2")) << daemon_->log();
        EXPECT_EQ(settled(node_), "");
        const auto checked = node_.ctl({"check"});
        EXPECT_EQ(checked.exit, 0) << checked.out;
        expect_network(*b_, pod_a_);
        expect_network(*a_, pod_b_);
    }
}

TEST_F(DaemonAdoption, APodThatWentMeanwhileGivesItsAddressBack) {
    EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
    const auto link = pod_a_.host_link();
    a_.reset();
    ASSERT_TRUE(eventually([&] {
        auto socket = netlink::Socket::in(node_.fd());
        return !netlink::find_link(socket, link);
    }));
    daemon_ = node_.start();
    EXPECT_TRUE(daemon_->logged("kept=1 gone=1")) << daemon_->log();
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(node_.ctl_json("endpoints").as_array().size(), 1U);
    EXPECT_EQ(node_.ctl_json("status").at("pool").at("cidrs").at(0).at("used"), 1);
}

TEST_F(DaemonAdoption, TheAddressOfAPodThatWentMeanwhileCools) {
    EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
    node_.shell("ip link del " + pod_a_.host_link());
    node_.settings().cool_down = "2s";
    daemon_ = node_.start();
    const auto number = [&](const char* state) {
        return node_.ctl_json("status").at("pool").at("cidrs").at(0).at(state).to_number<int>();
    };
    EXPECT_EQ(number("used"), 1);
    EXPECT_EQ(number("cooling"), 1);
    EXPECT_TRUE(eventually([&] { return number("cooling") == 0; }, std::chrono::seconds(10)));
    EXPECT_EQ(number("used"), 1);
}

TEST_F(DaemonAdoption, CheckOnTheCommandLineFindsWhatIsMissing) {
    EXPECT_EQ(node_.ctl({"check"}).exit, 0);
    // The kernel does not tell of elements that leave a set, so nobody repairs this meanwhile.
    // It may just be looking at what else changed, though.
    const auto damage = [&] {
        node_.shell("nft delete element inet terway-veth sources4 '{ " + pod_a_.host_link() +
                    " . " + pod_a_.mac().text() + " . " + pod_a_.v4().text() + " }' || true");
    };
    Outcome checked;
    EXPECT_TRUE(eventually([&] {
        damage();
        checked = node_.ctl({"check"});
        return checked.exit == 3;
    })) << checked.err;
    EXPECT_THAT(checked.out,
                AllOf(HasSubstr("NO"), HasSubstr("lacks the element of " + pod_a_.host_link())));
    EXPECT_TRUE(eventually([&] {
        damage();
        const auto rows = node_.ctl_json("check");
        return rows.as_array().size() == 2 &&
               std::all_of(rows.as_array().begin(), rows.as_array().end(), [](const auto& row) {
                   return row.at("ok").as_bool() == (row.at("container_id") == "b");
               });
    }));
}

TEST_F(DaemonAdoption, AnotherPodRangeLeavesOldPodsTheirAddresses) {
    EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
    node_.settings().pod_cidrs = {"172.20.7.0/24", "fd00:20:7::/64"};
    daemon_ = node_.start();
    EXPECT_TRUE(daemon_->logged("kept=2")) << daemon_->log();
    const auto c = node_.sandbox("c");
    const auto added = node_.add("c", *c);
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_EQ(added.v4().text(), "172.20.7.1");
    expect_network(*c, pod_a_);
    expect_network(*a_, added);
    EXPECT_TRUE(node_.del("a", *a_).ok());
    EXPECT_EQ(settled(node_), "");
}

}  // namespace
}  // namespace terway::test
