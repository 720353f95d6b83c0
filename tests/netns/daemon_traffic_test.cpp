// Packets between pods, their node and the world, from the first one on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "node.hpp"
#include "stream.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

constexpr std::uint16_t kPort = 7000;
constexpr std::chrono::milliseconds kShort{2000};

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

IpAddress any(const IpAddress& like) {
    return like.is_v4() ? ip("0.0.0.0") : ip("::");
}

class DaemonTraffic : public testing::Test {
protected:
    struct Pod {
        std::unique_ptr<Sandbox> sandbox;
        CniReply added;

        [[nodiscard]] int fd() const { return sandbox->fd(); }
        [[nodiscard]] IpAddress address(Family family) const {
            return family == Family::V4 ? added.v4() : added.v6();
        }
    };

    Pod make_pod(const std::string& name) {
        Pod pod{node_.sandbox(name), {}};
        pod.added = node_.add(name, *pod.sandbox);
        EXPECT_TRUE(pod.added.ok()) << pod.added.out;
        return pod;
    }

    // Sends one single datagram; whom the receiver sees, or nothing.
    static std::optional<IpAddress> deliver(int from, int to_netns, const IpAddress& to) {
        const Udp receiver(to_netns, any(to), kPort);
        const Udp sender(from, any(to), 0);
        sender.send(to, kPort, "hello");
        const auto got = receiver.receive(kShort);
        return got ? std::optional(got->from) : std::nullopt;
    }

    Node node_;
    std::unique_ptr<Daemon> daemon_ = node_.start();
};

constexpr Family kFamilies[] = {Family::V4, Family::V6};

TEST_F(DaemonTraffic, PodsReachEachOtherWithTheirOwnAddresses) {
    const auto a = make_pod("a");
    const auto b = make_pod("b");
    for (const auto family : kFamilies) {
        const auto to = b.address(family);
        SCOPED_TRACE(to.text());
        EXPECT_TRUE(ping(a.fd(), to));
        EXPECT_EQ(deliver(a.fd(), b.fd(), to), a.address(family));
        const Stream stream(a.fd(), b.fd(), to);
        EXPECT_TRUE(stream.carries(std::string(4000, 'x')));
        EXPECT_EQ(stream.client_address(), a.address(family));
    }
}

TEST_F(DaemonTraffic, APodAndItsNodeReachEachOther) {
    const auto pod = make_pod("a");
    for (const auto* address : {Node::kNode4, Node::kNode6}) {
        const auto node = ip(address);
        SCOPED_TRACE(address);
        EXPECT_TRUE(ping(pod.fd(), node));
        EXPECT_TRUE(ping(node_.fd(), pod.address(node.family())));
        EXPECT_TRUE(Stream(pod.fd(), node_.fd(), node).carries("up"));
        EXPECT_TRUE(Stream(node_.fd(), pod.fd(), pod.address(node.family())).carries("down"));
    }
}

TEST_F(DaemonTraffic, TheWorldSeesTheNodeAndTheClusterSeesThePod) {
    const auto pod = make_pod("a");
    for (const auto& [world, cluster, node] :
         {std::tuple{Node::kOutside4, Node::kCluster4, Node::kNode4},
          std::tuple{Node::kOutside6, Node::kCluster6, Node::kNode6}}) {
        SCOPED_TRACE(world);
        EXPECT_EQ(deliver(pod.fd(), node_.outside_fd(), ip(world)), ip(node));
        EXPECT_EQ(deliver(pod.fd(), node_.outside_fd(), ip(cluster)),
                  pod.address(ip(cluster).family()));
        const Stream stream(pod.fd(), node_.outside_fd(), ip(world));
        EXPECT_TRUE(stream.carries("and back"));
        EXPECT_EQ(stream.client_address(), ip(node));
    }
}

TEST_F(DaemonTraffic, TheClusterReachesAPodThroughItsNode) {
    const auto pod = make_pod("a");
    for (const auto family : kFamilies) {
        EXPECT_TRUE(ping(node_.outside_fd(), pod.address(family)));
        EXPECT_TRUE(Stream(node_.outside_fd(), pod.fd(), pod.address(family)).carries("in"));
    }
}

TEST_F(DaemonTraffic, TheFirstPacketToANewPodArrives) {
    const auto other = make_pod("other");
    int number = 0;
    for (int round = 0; round < 3; ++round) {
        for (const auto family : kFamilies) {
            for (const auto& [from, name] :
                 {std::pair{other.fd(), "a pod"}, std::pair{node_.fd(), "the node"},
                  std::pair{node_.outside_fd(), "the cluster"}}) {
                const auto pod = make_pod("new" + std::to_string(number++));
                EXPECT_TRUE(deliver(from, pod.fd(), pod.address(family)))
                    << "from " << name << " to " << pod.address(family).text();
            }
        }
    }
}

TEST_F(DaemonTraffic, TheFirstPacketOfANewPodArrives) {
    const auto other = make_pod("other");
    int number = 0;
    for (int round = 0; round < 3; ++round) {
        for (const auto family : kFamilies) {
            const bool v4 = family == Family::V4;
            const std::pair<int, IpAddress> targets[] = {
                {other.fd(), other.address(family)},
                {node_.fd(), ip(v4 ? Node::kNode4 : Node::kNode6)},
                {node_.outside_fd(), ip(v4 ? Node::kCluster4 : Node::kCluster6)},
                {node_.outside_fd(), ip(v4 ? Node::kOutside4 : Node::kOutside6)}};
            for (const auto& [netns, to] : targets) {
                const auto pod = make_pod("new" + std::to_string(number++));
                EXPECT_TRUE(deliver(pod.fd(), netns, to)) << "to " << to.text();
            }
        }
    }
}

TEST_F(DaemonTraffic, NeighboursArePermanentOnBothSidesSoNothingIsEverAskedFor) {
    const auto pod = make_pod("a");
    auto host = netlink::Socket::in(node_.fd());
    auto inside = netlink::Socket::in(pod.fd());
    const auto link = netlink::find_link(host, pod.added.host_link()).value();
    for (const auto family : kFamilies) {
        const auto gateway = family == Family::V4 ? ip("169.254.1.1") : ip("fe80::1");
        EXPECT_THAT(netlink::neighbours(host, family, link.index),
                    testing::Contains(netlink::Neighbour{link.index, pod.address(family),
                                                         pod.added.mac(), true}));
        EXPECT_THAT(
            netlink::neighbours(inside, family, link.peer_index),
            testing::Contains(netlink::Neighbour{link.peer_index, gateway, link.mac, true}));
    }
    const Tap tap(pod.fd(), "eth0");
    EXPECT_TRUE(ping(node_.fd(), pod.added.v4()));
    const auto arp =
        tap.receive([](const auto& frame) { return frame.at(12) == 0x08 && frame.at(13) == 0x06; },
                    std::chrono::milliseconds(20));
    EXPECT_FALSE(arp) << "the node asked for a neighbour it has been told";
}

TEST_F(DaemonTraffic, RouterAdvertisementsAreIgnoredOnBothSides) {
    const auto pod = make_pod("a");
    const auto accept_ra = [](int netns, const std::string& link) {
        const NetnsScope scope(netns);
        return netlink::read_sysctl("net/ipv6/conf/" + link + "/accept_ra");
    };
    EXPECT_EQ(accept_ra(pod.fd(), "eth0"), "0");
    EXPECT_EQ(accept_ra(node_.fd(), pod.added.host_link()), "0");
}

}  // namespace
}  // namespace terway::test
