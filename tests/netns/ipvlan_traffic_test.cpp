// Where packets of pods go that are slaves of their ENIs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipvlan_pods.hpp"

namespace terway::test {
namespace {

class IpvlanTraffic : public IpvlanPods {
protected:
    IpvlanTraffic() { daemon_ = cloud_.node().start(); }

    // The client asks the Service, `server` answers: whom it saw, nothing if one of the two got
    // lost.
    std::optional<IpAddress> ask_service(const Pod& client, int server_fd,
                                         const IpAddress& server) {
        redirect("prerouting", service(), server);
        return exchange(client.fd(), client.address(GetParam()), service(), server_fd, server);
    }
};

TEST_P(IpvlanTraffic, PodsOfOneNodeTalkWhicheverEniTheyAreOn) {
    const auto near = make_pod("near");
    const auto [one, other] = pods_on_two_enis();
    for (const auto* peer : {&other, &near}) {
        const Stream stream(one.fd(), peer->fd(), peer->address(GetParam()));
        EXPECT_TRUE(stream.carries("hello"));
        EXPECT_EQ(stream.client_address(), one.address(GetParam()));
    }
}

TEST_P(IpvlanTraffic, APodAndItsOwnNodeTalkAsWhoTheyAre) {
    const auto pod = make_pod("a");
    const auto own = pod.address(GetParam());
    const Stream out(pod.fd(), cloud_.node().fd(), node());
    EXPECT_TRUE(out.carries("hello"));
    EXPECT_EQ(out.client_address(), own);
    const Stream in(cloud_.node().fd(), pod.fd(), own);
    EXPECT_TRUE(in.carries("hello"));
    EXPECT_EQ(in.client_address(), node()) << "the kubelet probes as the node";
}

TEST_P(IpvlanTraffic, ANeighbourAndPodsOfEveryEniReachEachOtherDirectly) {
    const auto [one, other] = pods_on_two_enis();
    for (const auto* pod : {&one, &other}) {
        const Stream in(cloud_.neighbour_fd(), pod->fd(), pod->address(GetParam()));
        EXPECT_TRUE(in.carries("hello"));
        EXPECT_EQ(in.client_address(), neighbour());
        EXPECT_TRUE(cloud_.talks(*pod->sandbox, pod->address(GetParam())));
    }
}

TEST_P(IpvlanTraffic, APodReachesANeighbourBehindAServiceAddress) {
    const auto pod = make_pod("a");
    check_sources();
    EXPECT_EQ(ask_service(pod, cloud_.neighbour_fd(), neighbour()), node());
}

TEST_P(IpvlanTraffic, APodReachesAPodOfItsEniBehindAServiceAddress) {
    const auto pod = make_pod("a");
    const auto server = make_pod("b");
    EXPECT_EQ(ask_service(pod, server.fd(), server.address(GetParam())), node());
}

TEST_P(IpvlanTraffic, APodReachesAPodOfAnotherEniBehindAServiceAddress) {
    const auto [one, other] = pods_on_two_enis();
    EXPECT_EQ(ask_service(one, other.fd(), other.address(GetParam())), node());
}

TEST_P(IpvlanTraffic, APodReachesItselfBehindAServiceAddress) {
    const auto pod = make_pod("a");
    EXPECT_EQ(ask_service(pod, pod.fd(), pod.address(GetParam())), node());
}

TEST_P(IpvlanTraffic, APodReachesItsNodeBehindAServiceAddressAsItself) {
    const auto pod = make_pod("a");
    EXPECT_EQ(ask_service(pod, cloud_.node().fd(), node()), pod.address(GetParam()));
}

TEST_P(IpvlanTraffic, TheNodeReachesAPodBehindAServiceAddress) {
    const auto pod = make_pod("a");
    redirect("output", service(), pod.address(GetParam()));
    EXPECT_EQ(exchange(cloud_.node().fd(), node(), service(), pod.fd(), pod.address(GetParam())),
              node());
}

TEST_P(IpvlanTraffic, AServiceOfTheHostStackAnswersPodsOfEveryEni) {
    const auto dns = of_family("169.254.20.10", "fd00:20::10");
    cloud_.node().shell("ip addr add " + Prefix::host(dns).text() + " dev lo");
    const auto [one, other] = pods_on_two_enis();
    for (const auto* pod : {&one, &other}) {
        EXPECT_EQ(exchange(pod->fd(), pod->address(GetParam()), dns, cloud_.node().fd(), dns),
                  pod->address(GetParam()));
    }
}

TEST_P(IpvlanTraffic, AHostPortIsAnsweredThroughTheNode) {
    const auto [one, other] = pods_on_two_enis();
    redirect("prerouting", node(), other.address(GetParam()));
    EXPECT_EQ(
        exchange(cloud_.neighbour_fd(), neighbour(), node(), other.fd(), other.address(GetParam())),
        node());
}

TEST_P(IpvlanTraffic, AServiceNobodyTranslatesIsDroppedOnTheNode) {
    const auto pod = make_pod("a");
    const auto chain = [&] {
        return cloud_.node().shell("nft list chain inet terway-ipvlan forward | grep drop");
    };
    const auto untouched = chain();
    const Udp client(pod.fd(), pod.address(GetParam()), kClient);
    client.send(service(), kServer, "nobody");
    EXPECT_TRUE(eventually([&] { return chain() != untouched; }, patience()));
}

INSTANTIATE_TEST_SUITE_P(Families, IpvlanTraffic, testing::Values(Family::V4, Family::V6),
                         family_name);

}  // namespace
}  // namespace terway::test
