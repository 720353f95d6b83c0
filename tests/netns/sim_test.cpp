#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>

#include "base/netns.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "sim/await.hpp"
#include "sim/fabric.hpp"
#include "sim/resolution.hpp"
#include "sim_names.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"

namespace terway::sim {
namespace {

using test::eventually;
using test::Tap;
using test::Udp;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kPrefix = "simtest-";
constexpr std::uint16_t kPort = 9;
const auto kShort = std::chrono::milliseconds(300);

IpAddress ip(const std::string& text) {
    return IpAddress::parse(text).value();
}
Prefix prefix(const std::string& text) {
    return Prefix::parse(text).value();
}

EniRequest in_vswitch(const std::string& id, const std::string& v4, const std::string& v6 = {}) {
    EniRequest request;
    request.id = id;
    request.vswitch = "vsw";
    request.primary = ip(v4);
    if (!v6.empty()) {
        request.ipv6 = {ip(v6)};
    }
    return request;
}

Model two_nodes(Vpc vpc = {prefix("10.0.0.0/8"), prefix("fd00:10::/56")}) {
    Model model(vpc);
    model.add_vswitch({"vsw", prefix("10.0.0.0/24"), prefix("fd00:10::/64")});
    model.add_instance({"i-a", "a"}, in_vswitch("eni-a", "10.0.0.10", "fd00:10::10"));
    model.add_instance({"i-b", "b"}, in_vswitch("eni-b", "10.0.0.11", "fd00:10::11"));
    return model;
}

void route_pods(Model& model) {
    for (const char* number : {"1", "2"}) {
        const std::string instance = number[0] == '1' ? "i-a" : "i-b";
        const NextHop hop{NextHop::Kind::Instance, instance};
        model.add_route({prefix("172.20." + std::string(number) + ".0/24"), hop});
        model.add_route({prefix("fd00:20:" + std::string(number) + "::/64"), hop});
    }
}

class SimFabric : public ::testing::Test {
protected:
    static void SetUpTestSuite() { test::remove_orphans(kPrefix); }

    const std::string name_ = kPrefix + std::to_string(::getpid());
    Model model_ = two_nodes();
    std::unique_ptr<Fabric> fabric_ = std::make_unique<Fabric>(name_);

    [[nodiscard]] Netns space(const std::string& node) const {
        return Netns::open(fabric_->netns_path(node));
    }

    [[nodiscard]] Udp udp(const std::string& node, const std::string& address,
                          bool foreign = false) const {
        return {space(node).fd(), ip(address), kPort, foreign};
    }

    // Whether a datagram from one node's address arrives at another's, with the source it began
    // with.
    [[nodiscard]] bool reaches(const std::string& from_node, const std::string& from,
                               const std::string& to_node, const std::string& to,
                               std::chrono::milliseconds limit = std::chrono::seconds(5)) const {
        const Udp receiver = udp(to_node, to, true);
        const Udp sender = udp(from_node, from, true);
        sender.send(ip(to), kPort, "hello");
        const auto got = receiver.receive(limit);
        return got && got->from == ip(from) && got->text == "hello";
    }

    [[nodiscard]] std::uint64_t dropped(const std::string& reason, const std::string& eni) const {
        for (const auto& drop : drops(name_)) {
            if (drop.reason == reason && drop.eni == eni) {
                return drop.packets;
            }
        }
        return 0;
    }

    [[nodiscard]] bool drops_one(const std::string& reason, const std::string& eni) const {
        return eventually([&] { return dropped(reason, eni) >= 1; });
    }

    // What the node has learned about a neighbour.
    [[nodiscard]] std::optional<Mac> neighbour(const std::string& node,
                                               const std::string& address) const {
        auto socket = netlink::Socket::in(space(node).fd());
        const auto index = netlink::find_link(socket, "eth0").value().index;
        for (const auto& entry : netlink::neighbours(socket, ip(address).family(), index)) {
            if (entry.address == ip(address) && entry.mac != Mac{}) {
                return entry.mac;
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] bool resolves(const std::string& node, const std::string& from,
                                const std::string& address,
                                std::chrono::milliseconds limit = std::chrono::seconds(5)) const {
        udp(node, from).send(ip(address), kPort, "who are you?");
        return eventually([&] { return neighbour(node, address) == kVpcMac; }, limit);
    }

    // Brings a bare NIC up in its node, as a CNI plugin would.
    void raise(const std::string& node, const std::string& nic) const {
        auto socket = netlink::Socket::in(space(node).fd());
        netlink::LinkChange up;
        up.up = true;
        netlink::change_link(socket, netlink::find_link(socket, nic).value().index, up);
        await_running(space(node).fd(), nic, after(std::chrono::seconds(5)));
        const auto name = netlink::find_link(socket, nic).value().mac.text().substr(9);
        await_running(space("fabric").fd(),
                      "eni-" + name.substr(0, 2) + name.substr(3, 2) + name.substr(6, 2),
                      after(std::chrono::seconds(5)));
    }

    [[nodiscard]] std::optional<netlink::Link> nic(const std::string& node,
                                                   const std::string& name) const {
        auto socket = netlink::Socket::in(space(node).fd());
        return netlink::find_link(socket, name);
    }
};

// A pod behind a node, reached by a host route.
class Pod {
public:
    Pod(int node_fd, const std::vector<std::string>& addresses) {
        auto node = netlink::Socket::in(node_fd);
        auto pod = netlink::Socket::in(netns_.fd());
        netlink::VethEnd end;
        end.name = "pod0";
        netlink::VethEnd peer;
        peer.name = "eth0";
        peer.netns_fd = netns_.fd();
        netlink::create_veth(node, end, peer);
        const auto outer = netlink::find_link(node, "pod0").value();
        const auto inner = netlink::find_link(pod, "eth0").value();
        netlink::LinkChange up;
        up.up = true;
        netlink::change_link(node, outer.index, up);
        netlink::change_link(pod, inner.index, up);
        await_running(node_fd, "pod0", after(std::chrono::seconds(5)));
        await_running(netns_.fd(), "eth0", after(std::chrono::seconds(5)));
        for (const auto& address : addresses) {
            connect(node, outer, pod, inner, ip(address));
            await_local(netns_.fd(), ip(address), after(std::chrono::seconds(5)));
        }
    }

    [[nodiscard]] int fd() const { return netns_.fd(); }

private:
    static void connect(netlink::Socket& node, const netlink::Link& outer, netlink::Socket& pod,
                        const netlink::Link& inner, const IpAddress& address) {
        const auto gateway = ip(address.is_v4() ? "169.254.1.1" : "fe80::1:1");
        netlink::ensure_address(pod, inner.index, Prefix::host(address));
        netlink::ensure_neighbour(pod, {inner.index, gateway, outer.mac, true});
        netlink::ensure_neighbour(node, {outer.index, address, inner.mac, true});
        netlink::Route out;
        out.destination = prefix(address.is_v4() ? "0.0.0.0/0" : "::/0");
        out.gateway = gateway;
        out.oif = inner.index;
        out.onlink = true;
        netlink::ensure_route(pod, out);
        netlink::Route in;
        in.destination = Prefix::host(address);
        in.oif = outer.index;
        in.scope = RT_SCOPE_LINK;
        netlink::ensure_route(node, in);
    }

    Netns netns_ = Netns::create();
};

// Whether a datagram passes between sockets, with its source unchanged.
bool passes(const Udp& from, const IpAddress& source, const Udp& to, const IpAddress& address,
            std::chrono::milliseconds limit = std::chrono::seconds(5)) {
    from.send(address, kPort, "hello");
    const auto got = to.receive(limit);
    return got && got->from == source;
}

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

TEST_F(SimFabric, ThePrimaryNicIsConfiguredAsByDhcpAndASecondaryOneIsDownAndBare) {
    const std::string eni = model_.create_eni(in_vswitch("eni-x", "10.0.0.20")).id;
    model_.attach_eni(eni, "i-a");
    fabric_->render(model_);
    auto socket = netlink::Socket::in(space("a").fd());
    const auto eth0 = netlink::find_link(socket, "eth0").value();
    EXPECT_TRUE(eth0.up);
    EXPECT_EQ(eth0.mac, model_.eni("eni-a").mac);
    EXPECT_THAT(netlink::addresses(socket, eth0.index), Contains(prefix("10.0.0.10/24")));
    EXPECT_THAT(netlink::addresses(socket, eth0.index), Contains(prefix("fd00:10::10/64")));
    EXPECT_EQ(netlink::find_route(socket, prefix("0.0.0.0/0")).value().gateway, ip("10.0.0.253"));
    const auto eth1 = netlink::find_link(socket, "eth1").value();
    EXPECT_FALSE(eth1.up);
    EXPECT_EQ(eth1.mac, model_.eni("eni-x").mac);
    EXPECT_THAT(netlink::addresses(socket, eth1.index), IsEmpty());
    const NetnsScope scope(space("a").fd());
    EXPECT_EQ(netlink::read_sysctl("net/ipv4/ip_forward"), "1");
    EXPECT_EQ(netlink::read_sysctl("net/ipv6/conf/all/forwarding"), "1");
    EXPECT_EQ(netlink::read_sysctl("net/ipv4/conf/eth0/rp_filter"), "0");
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

TEST_F(SimFabric, AnEniIsPluggedAndUnpluggedWhileTheNodeRuns) {
    fabric_->render(model_);
    EXPECT_FALSE(nic("a", "eth1"));
    model_.create_eni(in_vswitch("eni-x", "10.0.0.20"));
    model_.attach_eni("eni-x", "i-a");
    fabric_->render(model_);
    ASSERT_TRUE(nic("a", "eth1"));
    model_.detach_eni("eni-x");
    fabric_->render(model_);
    EXPECT_FALSE(nic("a", "eth1"));
    model_.attach_eni("eni-x", "i-b");
    fabric_->render(model_);
    EXPECT_EQ(nic("b", "eth1").value().mac, model_.eni("eni-x").mac);
    raise("b", "eth1");
    auto socket = netlink::Socket::in(space("b").fd());
    netlink::ensure_address(socket, nic("b", "eth1").value().index, prefix("10.0.0.20/32"));
    EXPECT_TRUE(reaches("a", "10.0.0.10", "b", "10.0.0.20"));
}

TEST_F(SimFabric, ADetachedEniDisappearsEvenOutOfAPod) {
    model_.create_eni(in_vswitch("eni-x", "10.0.0.20"));
    model_.attach_eni("eni-x", "i-a");
    fabric_->render(model_);
    const Netns pod = Netns::create();
    auto node = netlink::Socket::in(space("a").fd());
    netlink::LinkChange move;
    move.netns_fd = pod.fd();
    netlink::change_link(node, nic("a", "eth1").value().index, move);
    fabric_->render(model_);
    auto socket = netlink::Socket::in(pod.fd());
    ASSERT_TRUE(netlink::find_link(socket, "eth1"));
    model_.detach_eni("eni-x");
    fabric_->render(model_);
    EXPECT_FALSE(netlink::find_link(socket, "eth1"));
}

TEST_F(SimFabric, RenderingTheSameModelAgainChangesNothing) {
    route_pods(model_);
    fabric_->render(model_);
    const auto before = nic("a", "eth0").value();
    fabric_->render(model_);
    EXPECT_EQ(nic("a", "eth0").value().index, before.index);
    EXPECT_TRUE(reaches("a", "10.0.0.10", "b", "10.0.0.11"));
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

TEST_F(SimFabric, ANodeCanLeaveWhileTheOthersGoOn) {
    fabric_->render(model_);
    const std::string path = fabric_->netns_path("b");
    model_.remove_instance("i-b");
    fabric_->render(model_);
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_FALSE(reaches("a", "10.0.0.10", "internet", "10.0.0.11", kShort));
    EXPECT_TRUE(drops_one("no owner", "eni-a"));
}

std::vector<std::string> namespaces_of(const std::string& name) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator("/run/netns")) {
        if (entry.path().filename().string().starts_with(name + "-")) {
            found.push_back(entry.path().filename());
        }
    }
    return found;
}

std::vector<std::string> links_here() {
    netlink::Socket socket;
    std::vector<std::string> names;
    for (const auto& link : netlink::links(socket)) {
        names.push_back(link.name);
    }
    return names;
}

TEST_F(SimFabric, NothingRemainsAfterDestruction) {
    const auto links = links_here();
    fabric_->render(model_);
    const Netns witness = space("a");
    EXPECT_EQ(namespaces_of(name_).size(), 5U);
    EXPECT_EQ(links_here(), links);
    fabric_.reset();
    EXPECT_THAT(namespaces_of(name_), IsEmpty());
    EXPECT_THAT(registered_names(), Not(Contains(name_)));
    EXPECT_FALSE(std::filesystem::exists(state_directory(name_)));
    EXPECT_EQ(links_here(), links);
    // The fabric is gone and not only out of sight: its end of the NIC took the node's with it.
    auto socket = netlink::Socket::in(witness.fd());
    EXPECT_TRUE(eventually([&] { return !netlink::find_link(socket, "eth0"); }));
}

// No fixture: a process with threads must not fork and go on.
TEST(SimFabricKilled, WhatItLeavesIsFoundAndRemoved) {
    test::remove_orphans(kPrefix);
    const std::string name = kPrefix + std::to_string(::getpid()) + "-child";
    const pid_t child = ::fork();
    if (child == 0) {
        Fabric fabric(name);
        fabric.render(two_nodes());
        std::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(namespaces_of(name).size(), 5U);
    EXPECT_FALSE(is_running(name));
    const Netns witness = Netns::open(netns_path(name, "a"));
    EXPECT_TRUE(remove_leftovers(name));
    EXPECT_THAT(namespaces_of(name), IsEmpty());
    EXPECT_THAT(registered_names(), Not(Contains(name)));
    auto socket = netlink::Socket::in(witness.fd());
    EXPECT_TRUE(eventually([&] { return !netlink::find_link(socket, "eth0"); }));
    EXPECT_FALSE(remove_leftovers(name));
}

TEST_F(SimFabric, ANameInUseIsRefusedAndItsOwnerUnharmed) {
    fabric_->render(model_);
    EXPECT_THROW(Fabric{name_}, Error);
    EXPECT_THROW(remove_leftovers(name_), Error);
    EXPECT_TRUE(reaches("a", "10.0.0.10", "b", "10.0.0.11"));
}

}  // namespace
}  // namespace terway::sim
