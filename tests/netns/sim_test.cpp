#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "sim_fixture.hpp"

namespace terway::sim {
namespace {

TEST_F(SimFabric, NodesReachEachOtherOverBothFamilies) {
    fabric_->render(model_);
    EXPECT_TRUE(reaches("a", "10.0.0.10", "b", "10.0.0.11"));
    EXPECT_TRUE(reaches("b", "10.0.0.11", "a", "10.0.0.10"));
    EXPECT_TRUE(reaches("a", "fd00:10::10", "b", "fd00:10::11"));
    EXPECT_TRUE(reaches("b", "fd00:10::11", "a", "fd00:10::10"));
}

TEST_F(SimFabric, AnOrdinaryPingWorksThroughIpNetnsExec) {
    fabric_->render(model_);
    const std::string ping = "ip netns exec " + name_ + "-a ping -n -c 1 -W 5 ";
    EXPECT_EQ(std::system((ping + "10.0.0.11 >/dev/null").c_str()), 0);
    EXPECT_EQ(std::system((ping + "fd00:10::11 >/dev/null").c_str()), 0);
}

TEST_F(SimFabric, TheFabricTakesExactlyOneHop) {
    fabric_->render(model_);
    const Udp receiver = udp("b", "10.0.0.11");
    udp("a", "10.0.0.10").send(ip("10.0.0.11"), kPort, "count");
    const auto got = receiver.receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->ttl, 63);
}

TEST_F(SimFabric, GatewayAndPeersAndUnallocatedAddressesResolveToTheMacOfTheVpc) {
    fabric_->render(model_);
    EXPECT_TRUE(resolves("a", "10.0.0.10", "10.0.0.253"));
    EXPECT_TRUE(resolves("a", "10.0.0.10", "10.0.0.11"));
    EXPECT_TRUE(resolves("a", "10.0.0.10", "10.0.0.77"));
    EXPECT_TRUE(resolves("a", "fd00:10::10", "fd00:10::ffff:ffff:ffff:fffd"));
    EXPECT_TRUE(resolves("a", "fd00:10::10", "fd00:10::ffff:ffff:ffff:fff7"));
    EXPECT_TRUE(resolves("a", "fd00:10::10", "fd00:10::11"));
    EXPECT_TRUE(resolves("a", "fd00:10::10", "fd00:10::77"));
}

TEST_F(SimFabric, UnallocatedAddressesStaySilentWhenTheVpcIsToldSo) {
    Vpc vpc{prefix("10.0.0.0/8"), prefix("fd00:10::/56")};
    vpc.answer_unallocated = false;
    fabric_->render(two_nodes(vpc));
    EXPECT_TRUE(resolves("a", "10.0.0.10", "10.0.0.11"));
    EXPECT_FALSE(resolves("a", "10.0.0.10", "10.0.0.77", kShort));
    EXPECT_TRUE(resolves("a", "fd00:10::10", "fd00:10::11"));
    EXPECT_FALSE(resolves("a", "fd00:10::10", "fd00:10::77", kShort));
}

TEST_F(SimFabric, NobodyAnswersForTheAddressesOfTheAskingEni) {
    model_.assign_addresses("eni-a", {ip("10.0.0.50")});
    fabric_->render(model_);
    EXPECT_FALSE(resolves("a", "10.0.0.10", "10.0.0.50", kShort));
    EXPECT_TRUE(resolves("b", "10.0.0.11", "10.0.0.50"));
}

TEST_F(SimFabric, TheRouterAnswersForItsLinkLocalAddress) {
    fabric_->render(model_);
    auto socket = netlink::Socket::in(space("a").fd());
    const auto index = netlink::find_link(socket, "eth0").value().index;
    netlink::Route route;
    route.destination = prefix("2001:db8:1::/64");
    route.gateway = router_link_local();
    route.oif = index;
    netlink::ensure_route(socket, route);
    udp("a", "fd00:10::10").send(ip("2001:db8:1::1"), kPort, "resolve the gateway");
    EXPECT_TRUE(eventually([&] { return neighbour("a", "fe80::1") == kVpcMac; }));
}

TEST_F(SimFabric, InboundFramesGoFromTheMacOfTheVpcToTheMacOfTheEni) {
    fabric_->render(model_);
    const Tap tap(space("b").fd(), "eth0");
    EXPECT_TRUE(reaches("a", "10.0.0.10", "b", "10.0.0.11"));
    const auto frame =
        tap.receive([](const auto& f) { return f.size() > 34 && f[12] == 8 && f[13] == 0; });
    ASSERT_TRUE(frame);
    const auto mac_at = [&](std::ptrdiff_t at) {
        Mac mac;
        std::copy_n(frame->begin() + at, 6, mac.bytes.begin());
        return mac.text();
    };
    EXPECT_EQ(mac_at(0), model_.eni("eni-b").mac.text());
    EXPECT_EQ(mac_at(6), "ee:ff:ff:ff:ff:ff");
}

TEST_F(SimFabric, ASecondaryAddressIsDeliveredOnlyToTheEniThatOwnsIt) {
    EniRequest request = in_vswitch("eni-x", "10.0.0.20");
    request.secondary = {ip("10.0.0.50")};
    model_.create_eni(request);
    model_.attach_eni("eni-x", "i-a");
    fabric_->render(model_);
    raise("a", "eth1");
    const auto to_50 = [](const std::vector<std::uint8_t>& frame) {
        return frame.size() > 34 && frame[12] == 8 && frame[13] == 0 && frame[33] == 50;
    };
    {
        const Tap owner(space("a").fd(), "eth1");
        const Tap other(space("a").fd(), "eth0");
        udp("b", "10.0.0.11").send(ip("10.0.0.50"), kPort, "for eth1");
        EXPECT_TRUE(owner.receive(to_50));
        EXPECT_FALSE(other.receive(to_50, kShort));
    }
    model_.unassign_addresses("eni-x", {ip("10.0.0.50")});
    model_.assign_addresses("eni-a", {ip("10.0.0.50")});
    fabric_->render(model_);
    {
        const Tap other(space("a").fd(), "eth1");
        const Tap owner(space("a").fd(), "eth0");
        udp("b", "10.0.0.11").send(ip("10.0.0.50"), kPort, "for eth0");
        EXPECT_TRUE(owner.receive(to_50));
        EXPECT_FALSE(other.receive(to_50, kShort));
    }
}

TEST_F(SimFabric, AForeignSourceIsDroppedAndCounted) {
    fabric_->render(model_);
    const Udp receiver = udp("b", "10.0.0.11");
    for (const char* source : {"10.0.0.99", "10.0.0.11", "172.20.1.5", "198.51.100.7"}) {
        const auto before = dropped("foreign source", "eni-a");
        udp("a", source, true).send(ip("10.0.0.11"), kPort, "spoofed");
        EXPECT_TRUE(eventually([&] { return dropped("foreign source", "eni-a") > before; }))
            << source;
    }
    const Udp receiver6 = udp("b", "fd00:10::11");
    for (const char* source : {"fd00:10::99", "fd00:10::11", "fd00:20:1::5", "2001:db8:7::7"}) {
        const auto before = dropped("foreign source", "eni-a");
        udp("a", source, true).send(ip("fd00:10::11"), kPort, "spoofed");
        EXPECT_TRUE(eventually([&] { return dropped("foreign source", "eni-a") > before; }))
            << source;
    }
    EXPECT_FALSE(receiver.receive(kShort));
    EXPECT_FALSE(receiver6.receive(std::chrono::milliseconds(0)));
    EXPECT_EQ(dropped("foreign source", "eni-b"), 0U);
}

TEST_F(SimFabric, AForeignSourcePassesWhenTheEniIsNotChecked) {
    model_.set_source_dest_check("eni-a", false);
    fabric_->render(model_);
    EXPECT_TRUE(reaches("a", "172.20.1.5", "b", "10.0.0.11"));
    model_.set_source_dest_check("eni-a", true);
    fabric_->render(model_);
    EXPECT_FALSE(reaches("a", "172.20.1.5", "b", "10.0.0.11", kShort));
    EXPECT_TRUE(drops_one("foreign source", "eni-a"));
}

TEST_F(SimFabric, AFrameWithAForeignMacIsDroppedAndCounted) {
    fabric_->render(model_);
    // A minimal IPv4 header from 10.0.0.10 to 10.0.0.11; the checksum is right.
    std::vector<std::uint8_t> frame{0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00,
                                    0x00, 0x00, 0x99, 0x08, 0x00, 0x45, 0x00, 0x00, 0x14,
                                    0x00, 0x00, 0x00, 0x00, 0x40, 0xfd, 0x65, 0xd9, 0x0a,
                                    0x00, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x0b};
    const Tap sender(space("a").fd(), "eth0");
    sender.send(frame);
    EXPECT_TRUE(drops_one("foreign mac", "eni-a"));
    // The same frame with the right MAC arrives: nothing else was wrong with it.
    const Tap receiver(space("b").fd(), "eth0");
    const Mac mac = model_.eni("eni-a").mac;
    std::copy(mac.bytes.begin(), mac.bytes.end(), frame.begin() + 6);
    sender.send(frame);
    EXPECT_TRUE(receiver.receive([](const auto& f) { return f.size() > 33 && f[23] == 0xfd; }));
}

TEST_F(SimFabric, ARouteCarriesThePodsOfTwoNodesWithTheirOwnSources) {
    route_pods(model_);
    fabric_->render(model_);
    const Pod pod_a(space("a").fd(), {"172.20.1.5", "fd00:20:1::5"});
    const Pod pod_b(space("b").fd(), {"172.20.2.5", "fd00:20:2::5"});
    for (const auto& [a, b] :
         {std::pair("172.20.1.5", "172.20.2.5"), std::pair("fd00:20:1::5", "fd00:20:2::5")}) {
        const Udp in_a(pod_a.fd(), ip(a), kPort);
        const Udp in_b(pod_b.fd(), ip(b), kPort);
        EXPECT_TRUE(passes(in_a, ip(a), in_b, ip(b))) << a;
        EXPECT_TRUE(passes(in_b, ip(b), in_a, ip(a))) << b;
    }
    // Each other's pods stay foreign.
    EXPECT_FALSE(reaches("a", "172.20.2.77", "b", "10.0.0.11", kShort));
    EXPECT_TRUE(drops_one("foreign source", "eni-a"));
}

TEST_F(SimFabric, ARemovedRouteDeliversNothingAndMakesTheSourceForeignAgain) {
    route_pods(model_);
    fabric_->render(model_);
    EXPECT_TRUE(reaches("a", "172.20.1.5", "b", "10.0.0.11"));
    model_.remove_route(prefix("172.20.1.0/24"));
    fabric_->render(model_);
    EXPECT_FALSE(reaches("a", "172.20.1.5", "b", "10.0.0.11", kShort));
    EXPECT_TRUE(drops_one("foreign source", "eni-a"));
}

TEST_F(SimFabric, AStrictVpcRoutesNothingToAnEniThatIsChecked) {
    Vpc vpc{prefix("10.0.0.0/8"), prefix("fd00:10::/56")};
    vpc.routes_imply_forwarding = false;
    Model strict = two_nodes(vpc);
    route_pods(strict);
    fabric_->render(strict);
    EXPECT_FALSE(reaches("b", "10.0.0.11", "a", "172.20.1.5", kShort));
    EXPECT_TRUE(drops_one("no owner", "eni-b"));
    strict.set_source_dest_check("eni-a", false);
    fabric_->render(strict);
    const Pod pod(space("a").fd(), {"172.20.1.5"});
    EXPECT_TRUE(passes(udp("b", "10.0.0.11"), ip("10.0.0.11"),
                       Udp(pod.fd(), ip("172.20.1.5"), kPort), ip("172.20.1.5")));
}

TEST_F(SimFabric, APacketToAnUnallocatedAddressVanishesWithoutAnError) {
    fabric_->render(model_);
    for (const auto& [from, to] :
         {std::pair("10.0.0.10", "10.0.0.77"), std::pair("10.0.0.10", "10.9.9.9"),
          std::pair("10.0.0.10", "100.100.100.200"), std::pair("fd00:10::10", "fd00:10::77")}) {
        const auto before = dropped("no owner", "eni-a");
        const Tap icmp(space("a").fd(), "eth0");
        const Udp sender = udp("a", from);
        sender.send(ip(to), kPort, "anyone?");
        EXPECT_TRUE(eventually([&] { return dropped("no owner", "eni-a") > before; })) << to;
        EXPECT_FALSE(icmp.receive(
            [](const auto& f) {
                return f.size() > 54 && ((f[12] == 8 && f[13] == 0 && f[23] == 1) ||
                                         (f[12] == 0x86 && f[20] == 58 && f[54] < 128));
            },
            kShort))
            << to;
        EXPECT_EQ(sender.error(), 0) << to;
    }
}

TEST_F(SimFabric, AnExpiredPacketVanishesWithoutAnError) {
    fabric_->render(model_);
    EXPECT_NE(std::system(("ip netns exec " + name_ +
                           "-a ping -n -c 1 -W 1 -t 1 10.0.0.11 2>&1 | grep -q exceeded")
                              .c_str()),
              0);
}

TEST_F(SimFabric, TheInternetAnswersANodeAndSeesTheNatGateway) {
    fabric_->render(model_);
    const Udp node = udp("a", "10.0.0.10");
    const Udp host = udp("internet", "203.0.113.10");
    node.send(ip("203.0.113.10"), kPort, "hello");
    const auto seen = host.receive();
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->from, ip("203.0.113.1"));
    host.send(seen->from, kPort, "hello yourself");
    const auto answer = node.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->from, ip("203.0.113.10"));
}

TEST_F(SimFabric, TheInternetAnswersANodeOverIpv6WithoutTranslation) {
    fabric_->render(model_);
    const Udp node = udp("a", "fd00:10::10");
    const Udp host = udp("internet", "2001:db8:ffff::10");
    EXPECT_TRUE(passes(node, ip("fd00:10::10"), host, ip("2001:db8:ffff::10")));
    EXPECT_TRUE(passes(host, ip("2001:db8:ffff::10"), node, ip("fd00:10::10")));
}

TEST_F(SimFabric, TheInternetNeverSeesAPodWhoseSourceWasNotTranslated) {
    route_pods(model_);
    fabric_->render(model_);
    const Pod pod(space("a").fd(), {"172.20.1.5", "fd00:20:1::5"});
    const Udp host = udp("internet", "203.0.113.10");
    Udp(pod.fd(), ip("172.20.1.5"), kPort).send(ip("203.0.113.10"), kPort, "hello");
    EXPECT_TRUE(drops_one("not inside", "uplink"));
    const Udp host6 = udp("internet", "2001:db8:ffff::10");
    Udp(pod.fd(), ip("fd00:20:1::5"), kPort).send(ip("2001:db8:ffff::10"), kPort, "hello");
    EXPECT_TRUE(eventually([&] { return dropped("not inside", "uplink") == 2; }));
    EXPECT_FALSE(host.receive(kShort));
    EXPECT_FALSE(host6.receive(std::chrono::milliseconds(0)));
}

TEST_F(SimFabric, TheInternetStartsNothingTowardsANode) {
    fabric_->render(model_);
    const Udp node = udp("a", "fd00:10::10");
    const Udp host = udp("internet", "2001:db8:ffff::10");
    EXPECT_FALSE(passes(host, ip("2001:db8:ffff::10"), node, ip("fd00:10::10"), kShort));
}

}  // namespace
}  // namespace terway::sim
