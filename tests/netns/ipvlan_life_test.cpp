// What becomes of slaves, routes and filters over a pod's and a daemon's life.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "ipvlan_pods.hpp"
#include "kernel.hpp"
#include "netlink/link.hpp"
#include "netlink/tc.hpp"

namespace terway::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class IpvlanLife : public IpvlanPods {
protected:
    // What the ENIs of the node steer to its stack, all together.
    [[nodiscard]] std::vector<std::string> steered() const {
        auto socket = netlink::Socket::in(cloud_.node().fd());
        std::vector<std::string> all;
        for (const auto& link : netlink::links(socket)) {
            for (const auto& filter : netlink::filters(socket, link.index, netlink::Hook::Egress)) {
                all.push_back(filter.destination.value().text());
            }
        }
        return all;
    }

    // On the node; without link-local addresses, which come in their own time.
    [[nodiscard]] std::string changed_since(const std::string& before) const {
        std::istringstream lines(changes(before, snapshot(cloud_.node().fd())));
        std::string out;
        for (std::string line; std::getline(lines, line);) {
            out += line.find(" fe80::") == std::string::npos ? line + "\n" : "";
        }
        return out;
    }

    [[nodiscard]] std::string links_in(const Sandbox& sandbox) const {
        return Node::shell("ip -o link", sandbox.fd());
    }

    [[nodiscard]] std::string check(const Pod& pod, const std::string& container) const {
        return cloud_.node()
            .cni({.verb = "CHECK",
                  .container = container,
                  .netns = pod.sandbox->path(),
                  .more = {{"prevResult", pod.added.json}}})
            .out;
    }
};

TEST_P(IpvlanLife, AChangeOfCidrsTakesTheStaleFiltersAlong) {
    daemon_ = cloud_.node().start();
    const auto pod = make_pod("a");
    EXPECT_THAT(steered(), Contains("172.21.0.0/16"));
    EXPECT_THAT(steered(), Contains("fd00:21::/112"));
    ASSERT_EQ(daemon_->stop(), 0);
    configure("service_cidrs = [\"192.168.0.0/16\", \"fd00:22::/112\"]");
    daemon_ = cloud_.node().start();
    EXPECT_THAT(steered(), Contains("192.168.0.0/16"));
    for (const auto* gone : {"172.21.0.0/16", "fd00:21::/112", "169.254.20.10/32"}) {
        EXPECT_THAT(steered(), Not(Contains(gone)));
    }
    const auto moved = of_family("192.168.0.1", "fd00:22::1");
    redirect("prerouting", moved, neighbour());
    EXPECT_EQ(
        exchange(pod.fd(), pod.address(GetParam()), moved, cloud_.neighbour_fd(), neighbour()),
        node());
}

TEST_P(IpvlanLife, AKilledDaemonBreaksNoConnectionAndTheNextOneFindsAllInOrder) {
    daemon_ = cloud_.node().start();
    const auto pod = make_pod("a");
    const auto server = make_pod("b");
    redirect("prerouting", service(), neighbour());
    const Stream near(pod.fd(), server.fd(), server.address(GetParam()));
    const Stream far(cloud_.neighbour_fd(), pod.fd(), pod.address(GetParam()));
    const auto before = snapshot(cloud_.node().fd());
    daemon_->kill();
    EXPECT_TRUE(near.carries("one") && far.carries("one"));
    EXPECT_EQ(
        exchange(pod.fd(), pod.address(GetParam()), service(), cloud_.neighbour_fd(), neighbour()),
        node());
    daemon_ = cloud_.node().start();
    EXPECT_TRUE(near.carries("two") && far.carries("two"));
    EXPECT_EQ(changed_since(before), "");
    EXPECT_EQ(check(pod, "a"), "");
}

TEST_P(IpvlanLife, ADelLeavesNothingOfThePod) {
    daemon_ = cloud_.node().start();
    const auto first = make_pod("first");
    const auto before = snapshot(cloud_.node().fd());
    const auto pod = make_pod("a");
    EXPECT_THAT(links_in(*pod.sandbox), HasSubstr("eth0"));
    ASSERT_TRUE(cloud_.node().del("a", *pod.sandbox).ok());
    EXPECT_THAT(links_in(*pod.sandbox), Not(HasSubstr("eth0")));
    EXPECT_EQ(changed_since(before), "");
    EXPECT_TRUE(cloud_.talks(*first.sandbox, first.address(GetParam())));
}

TEST_P(IpvlanLife, ADelAfterTheSandboxLeavesNothingOnTheNode) {
    daemon_ = cloud_.node().start();
    const auto first = make_pod("first");
    const auto before = snapshot(cloud_.node().fd());
    auto pod = make_pod("a");
    const auto path = pod.sandbox->path();
    pod.sandbox.reset();
    ASSERT_TRUE(cloud_.node().del("a", path).ok());
    EXPECT_EQ(changed_since(before), "");
}

TEST_P(IpvlanLife, AnAddressGivenAgainServesTheNextPod) {
    daemon_ = cloud_.node().start();
    for (int i = 0; i < 8; ++i) {
        const auto name = "p" + std::to_string(i);
        const auto pod = make_pod(name);
        EXPECT_TRUE(cloud_.talks(*pod.sandbox, pod.address(GetParam())));
        ASSERT_TRUE(cloud_.node().del(name, *pod.sandbox).ok());
    }
}

TEST_P(IpvlanLife, CheckSeesWhatIsMissingInThePod) {
    daemon_ = cloud_.node().start();
    const auto pod = make_pod("a");
    ASSERT_EQ(check(pod, "a"), "");
    Node::shell("ip neigh del " + node().text() + " dev eth0", pod.fd());
    EXPECT_THAT(check(pod, "a"), HasSubstr("the permanent neighbour"));
}

TEST_P(IpvlanLife, ARouteSomebodyRemovesComesBack) {
    daemon_ = cloud_.node().start();
    const auto pod = make_pod("a");
    const std::string flag = GetParam() == Family::V4 ? "-4" : "-6";
    const auto route = [&] {
        return cloud_.node().shell("ip " + flag + " route show " +
                                   Prefix::host(pod.address(GetParam())).text());
    };
    const auto before = route();
    cloud_.node().shell("ip " + flag + " route del " +
                        Prefix::host(pod.address(GetParam())).text());
    EXPECT_TRUE(eventually([&] { return route() == before; }, patience()));
    const Stream probe(cloud_.node().fd(), pod.fd(), pod.address(GetParam()));
    EXPECT_TRUE(probe.carries("hello"));
}

TEST_P(IpvlanLife, AHostSlaveSomebodyRemovesComesBackWithTheRoutesThroughIt) {
    daemon_ = cloud_.node().start();
    const auto pod = make_pod("a");
    const auto route = [&] {
        return cloud_.node().shell("ip route get " + pod.address(GetParam()).text());
    };
    ASSERT_THAT(route(), HasSubstr("dev ipvl_"));
    cloud_.node().shell(
        "for link in $(ip -o link show type ipvlan | cut -d: -f2 | cut -d@ -f1); do "
        "ip link del $link; done");
    EXPECT_TRUE(
        eventually([&] { return route().find("dev ipvl_") != std::string::npos; }, patience()));
    const Stream probe(cloud_.node().fd(), pod.fd(), pod.address(GetParam()));
    EXPECT_TRUE(probe.carries("hello"));
}

// A node whose profile has changed: the old pods are veth's.
class IpvlanMixed : public IpvlanLife {
protected:
    Pod veth_pod(const std::string& name) {
        start("veth");
        return make_pod(name);
    }
    void start(const std::string& dataplane) {
        if (daemon_) {
            EXPECT_EQ(daemon_->stop(), 0);
        }
        cloud_.node().settings().dataplane = dataplane;
        cloud_.node().settings().modules.clear();
        cloud_.node().settings().veth = "mode = \"secondary-ip\"";
        daemon_ = cloud_.node().start();
    }
    void expect_talk(const Pod& one, const Pod& other, const std::string& when) const {
        for (const auto& [from, to] : {std::pair(&one, &other), std::pair(&other, &one)}) {
            const Stream stream(from->fd(), to->fd(), to->address(GetParam()));
            EXPECT_TRUE(stream.carries("hello")) << when;
            EXPECT_EQ(stream.client_address(), from->address(GetParam())) << when;
        }
    }
    [[nodiscard]] std::string answered() const {
        return cloud_.node().shell("ip neigh show proxy; ip -6 neigh show proxy");
    }
};

TEST_P(IpvlanMixed, PodsOfVethAndIpvlanOnOneEniReachEachOther) {
    const auto old = veth_pod("old");
    start("ipvlan");
    const auto pod = make_pod("new");
    ASSERT_EQ(home_of(old), home_of(pod));
    check_sources();
    expect_talk(old, pod, "a veth pod was there first");
    start("veth");
    const auto later = make_pod("later");
    ASSERT_EQ(home_of(later), home_of(pod));
    expect_talk(later, pod, "a veth pod came later");
    EXPECT_EQ(settled(cloud_.node()), "");
    EXPECT_EQ(cloud_.node().ctl({"check"}).exit, 0);
}

TEST_P(IpvlanMixed, TheHostAnswersForAVethPodAsLongAsItLives) {
    const auto old = veth_pod("old");
    const auto address = old.address(GetParam()).text() + " ";
    start("ipvlan");
    const auto pod = make_pod("new");
    EXPECT_THAT(answered(), HasSubstr(address));
    daemon_->kill();
    daemon_ = cloud_.node().start();
    EXPECT_THAT(answered(), HasSubstr(address));
    expect_talk(old, pod, "after a restart");
    ASSERT_TRUE(cloud_.node().del("old", *old.sandbox).ok());
    EXPECT_EQ(answered(), "");
}

INSTANTIATE_TEST_SUITE_P(Families, IpvlanMixed, testing::Values(Family::V4, Family::V6),
                         family_name);
INSTANTIATE_TEST_SUITE_P(Families, IpvlanLife, testing::Values(Family::V4, Family::V6),
                         family_name);

}  // namespace
}  // namespace terway::test
