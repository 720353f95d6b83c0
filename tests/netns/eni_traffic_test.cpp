// Where packets of pods on ENIs go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "eni_pods.hpp"

namespace terway::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSilence{500};

class EniTraffic : public EniPods {
protected:
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
