// Where packets of pods on ENIs go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cloud_node.hpp"
#include "packet.hpp"
#include "stream.hpp"

namespace terway::test {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kClient = 5000;
constexpr std::uint16_t kServer = 8080;
constexpr milliseconds kSilence{500};

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

struct Pod {
    std::unique_ptr<Sandbox> sandbox;
    CniReply added;

    [[nodiscard]] int fd() const { return sandbox->fd(); }
    [[nodiscard]] IpAddress address(Family family) const {
        return family == Family::V4 ? added.v4() : added.v6();
    }
};

class EniTraffic : public testing::TestWithParam<Family> {
protected:
    static CloudSettings dual() { return {.pool = "families = \"dual\"\nmin_idle = 1"}; }

    Pod make_pod(const std::string& name) {
        Pod pod{cloud_.node().sandbox(name), {}};
        pod.added = cloud_.node().add(name, *pod.sandbox);
        EXPECT_TRUE(pod.added.ok()) << pod.added.out;
        return pod;
    }

    // The first two pods on different ENIs.
    std::pair<Pod, Pod> pods_on_two_enis() {
        auto first = make_pod("p0");
        for (int i = 1; i < 12; ++i) {
            auto next = make_pod("p" + std::to_string(i));
            if (home_of(next) != home_of(first)) {
                check_sources();
                return {std::move(first), std::move(next)};
            }
            between_.push_back(std::move(next));
        }
        throw Error(Status::Internal, "all pods are on one ENI");
    }

    // From now on an ENI may send from its own addresses only; those that are made do not mind.
    void check_sources() {
        cloud_.cloud().with([](sim::Cloud& all) {
            for (const auto& [id, _] : all.enis().now()) {
                all.enis().model().set_source_dest_check(id, true);
            }
        });
    }

    std::string home_of(const Pod& pod) {
        for (const auto& [id, eni] : cloud_.enis()) {
            if (eni.addresses.contains(pod.added.v4())) {
                return id;
            }
        }
        return "";
    }

    // A datagram from one port to another and its answer; whom the server saw, nothing if one of
    // the two got lost.
    static std::optional<IpAddress> exchange(int from_netns, const IpAddress& from,
                                             const IpAddress& to, int server_netns,
                                             const IpAddress& server_address,
                                             milliseconds limit = std::chrono::seconds(5)) {
        const Udp client(from_netns, from, kClient);
        const Udp server(server_netns, server_address, kServer);
        client.send(to, kServer, "question");
        const auto asked = server.receive(limit);
        if (!asked) {
            return std::nullopt;
        }
        server.send(asked->from, kClient, "answer");
        const auto answered = client.receive(limit);
        return answered && answered->from == to ? std::optional(asked->from) : std::nullopt;
    }

    void redirect(const std::string& hook, const IpAddress& from, const IpAddress& to) const {
        const std::string family = from.is_v4() ? "ip" : "ip6";
        cloud_.node().shell("nft add table " + family + " portmap; nft 'add chain " + family +
                            " portmap " + hook + " { type nat hook " + hook +
                            " priority dstnat; }'; nft add rule " + family + " portmap " + hook +
                            " " + family + " daddr " + from.text() + " udp dport 8080 dnat to " +
                            to.text());
    }

    [[nodiscard]] static IpAddress node() {
        return ip(GetParam() == Family::V4 ? CloudNode::kNode4 : CloudNode::kNode6);
    }
    [[nodiscard]] static IpAddress neighbour() {
        return ip(GetParam() == Family::V4 ? CloudNode::kNeighbour4 : CloudNode::kNeighbour6);
    }

    CloudNode cloud_{dual()};
    std::vector<Pod> between_;
    std::unique_ptr<Daemon> daemon_ = cloud_.node().start();
};

TEST_P(EniTraffic, PodsOfOneNodeTalkWhicheverEniTheyAreOn) {
    const auto [one, other] = pods_on_two_enis();
    const auto near = make_pod("near");
    for (const auto* peer : {&other, &near}) {
        const Stream stream(one.fd(), peer->fd(), peer->address(GetParam()));
        EXPECT_TRUE(stream.carries("hello"));
        EXPECT_EQ(stream.client_address(), one.address(GetParam()));
    }
}

TEST_P(EniTraffic, APodAndItsOwnNodeTalkAsWhoTheyAre) {
    const auto pod = make_pod("a");
    const auto own = pod.address(GetParam());
    const Stream out(pod.fd(), cloud_.node().fd(), node());
    EXPECT_TRUE(out.carries("hello"));
    EXPECT_EQ(out.client_address(), own);
    const Stream in(cloud_.node().fd(), pod.fd(), own);
    EXPECT_TRUE(in.carries("hello"));
    EXPECT_EQ(in.client_address(), node()) << "the kubelet probes as the node";
}

TEST_P(EniTraffic, ANeighbourReachesPodsOfEveryEniDirectly) {
    const auto [one, other] = pods_on_two_enis();
    for (const auto* pod : {&one, &other}) {
        const Stream in(cloud_.neighbour_fd(), pod->fd(), pod->address(GetParam()));
        EXPECT_TRUE(in.carries("hello"));
        EXPECT_EQ(in.client_address(), neighbour());
        EXPECT_TRUE(cloud_.talks(*pod->sandbox, pod->address(GetParam())));
    }
}

TEST_P(EniTraffic, AForgedSourceDoesNotLeaveThePod) {
    const auto forger = make_pod("forger");
    const auto victim = make_pod("victim");
    const Udp receiver(cloud_.neighbour_fd(), neighbour(), kServer);
    const Tap wire(forger.fd(), "eth0");
    const Mac host{{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}};
    Envelope envelope{forger.added.mac(), host, victim.address(GetParam()), neighbour()};
    wire.send(udp_frame(envelope, kClient, kServer, "forged"));
    EXPECT_FALSE(receiver.receive(kSilence));
    envelope.source = forger.address(GetParam());
    wire.send(udp_frame(envelope, kClient, kServer, "honest"));
    const auto heard = receiver.receive();
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->text, "honest");
}

TEST_P(EniTraffic, AHostPortIsAnsweredByTheUplinkItWasAskedOn) {
    const auto [one, other] = pods_on_two_enis();
    redirect("prerouting", node(), other.address(GetParam()));
    EXPECT_EQ(
        exchange(cloud_.neighbour_fd(), neighbour(), node(), other.fd(), other.address(GetParam())),
        neighbour());
    EXPECT_EQ(cloud_.agreed(), "");
}

TEST_P(EniTraffic, WithoutSymmetricRoutingTheVpcDropsTheAnswerOfAHostPort) {
    EXPECT_EQ(daemon_->stop(), 0);
    cloud_.node().settings().veth += "\nsymmetric_routing = false";
    daemon_ = cloud_.node().start();
    const auto pod = make_pod("a");
    check_sources();
    redirect("prerouting", node(), pod.address(GetParam()));
    EXPECT_FALSE(exchange(cloud_.neighbour_fd(), neighbour(), node(), pod.fd(),
                          pod.address(GetParam()), kSilence));
}

TEST_P(EniTraffic, APodReachesAPodBehindAServiceAddressOnAnyEni) {
    const auto [one, other] = pods_on_two_enis();
    const auto service = ip(GetParam() == Family::V4 ? "172.21.0.1" : "fd00:21::1");
    redirect("prerouting", service, other.address(GetParam()));
    EXPECT_EQ(
        exchange(one.fd(), one.address(GetParam()), service, other.fd(), other.address(GetParam())),
        one.address(GetParam()));
}

TEST_P(EniTraffic, APodReachesANeighbourBehindAServiceAddress) {
    const auto pod = make_pod("a");
    const auto service = ip(GetParam() == Family::V4 ? "172.21.0.1" : "fd00:21::1");
    redirect("prerouting", service, neighbour());
    EXPECT_EQ(
        exchange(pod.fd(), pod.address(GetParam()), service, cloud_.neighbour_fd(), neighbour()),
        pod.address(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Families, EniTraffic, testing::Values(Family::V4, Family::V6),
                         [](const auto& family) {
                             return family.param == Family::V4 ? "IPv4" : "IPv6";
                         });

}  // namespace
}  // namespace terway::test
