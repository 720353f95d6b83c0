// What a pod may not send: forged frames next to honest ones, which arrive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "base/netns.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "node.hpp"
#include "packet.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

constexpr std::uint16_t kPort = 7000;

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

class DaemonGuard : public testing::Test {
protected:
    [[nodiscard]] CniReply add(const std::string& name, const Sandbox& pod) const {
        auto added = node_.add(name, pod);
        EXPECT_TRUE(added.ok()) << added.out;
        return added;
    }
    // What the forger may claim without lying.
    [[nodiscard]] Envelope honest(const IpAddress& to) const {
        return {forger_.mac(), Mac{{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}},
                to.is_v4() ? forger_.v4() : forger_.v6(), to};
    }

    Node node_;
    std::unique_ptr<Daemon> daemon_ = node_.start();
    std::unique_ptr<Sandbox> forger_pod_ = node_.sandbox("forger");
    std::unique_ptr<Sandbox> victim_pod_ = node_.sandbox("victim");
    const CniReply forger_ = add("forger", *forger_pod_);
    const CniReply victim_ = add("victim", *victim_pod_);
    const Tap wire_{forger_pod_->fd(), "eth0"};
};

TEST_F(DaemonGuard, AForeignSourceAddressOrMacIsDropped) {
    const Mac stranger{{0x02, 0, 0, 0, 0, 0x77}};
    for (const auto& to : {victim_.v4(), victim_.v6()}) {
        SCOPED_TRACE(to.text());
        const Udp receiver(victim_pod_->fd(), to.is_v4() ? ip("0.0.0.0") : ip("::"), kPort);
        const auto send = [&](const Envelope& envelope, const std::string& text) {
            wire_.send(udp_frame(envelope, 1234, kPort, text));
        };
        auto lie = honest(to);
        for (const auto* source :
             {"172.20.1.77", "192.0.2.1", "127.0.0.1", "0.0.0.0", Node::kNode4}) {
            lie.source = to.is_v4() ? ip(source) : ip("fd00:20:1::77");
            send(lie, "forged address");
        }
        lie = honest(to);
        lie.source = to;
        send(lie, "the victim's own address");
        lie = honest(to);
        lie.source_mac = stranger;
        send(lie, "forged MAC");
        lie.source = to;
        lie.source_mac = victim_.mac();
        send(lie, "the victim's address and MAC");
        send(honest(to), "honest");
        const auto got = receiver.receive();
        ASSERT_TRUE(got) << "the honest datagram is lost too";
        EXPECT_EQ(got->text, "honest");
    }
}

TEST_F(DaemonGuard, AForgedArpRequestIsNotAnswered) {
    const auto ask = [&](const IpAddress& claimed, const Mac& mac) {
        wire_.send(arp_request_frame({mac, {}, claimed, ip(Node::kNode4)}));
    };
    ask(victim_.v4(), forger_.mac());
    ask(forger_.v4(), victim_.mac());
    ask(ip("172.20.1.77"), forger_.mac());
    ask(forger_.v4(), forger_.mac());
    const auto reply = wire_.receive(
        [](const auto& frame) { return frame.at(12) == 0x08 && frame.at(13) == 0x06; });
    ASSERT_TRUE(reply) << "the honest request is not answered either";
    const auto target = std::span(*reply).subspan(38, 4);
    EXPECT_EQ(IpAddress(Family::V4, target), forger_.v4());

    auto socket = netlink::Socket::in(node_.fd());
    const auto link = netlink::find_link(socket, forger_.host_link()).value().index;
    const auto known = netlink::neighbours(socket, Family::V4, link);
    ASSERT_EQ(known.size(), 1U) << "the pod's own and nothing it claimed";
    EXPECT_EQ(known.front().address, forger_.v4());
    EXPECT_EQ(known.front().mac, forger_.mac());
}

TEST_F(DaemonGuard, RouterAdvertisementsAndRedirectsOfAPodAreDropped) {
    Fd listener;
    {
        const NetnsScope scope(node_.fd());
        listener.reset(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6));
    }
    ASSERT_TRUE(listener);
    // From an address that passes the source guard, so that the type alone decides.
    const auto envelope = honest(ip(Node::kNode6));
    wire_.send(icmpv6_frame(envelope, ND_ROUTER_ADVERT));
    wire_.send(icmpv6_frame(envelope, ND_REDIRECT));
    wire_.send(icmpv6_frame(envelope, ICMP6_ECHO_REQUEST));
    pollfd item{listener.get(), POLLIN, 0};
    std::uint8_t type = 0;
    while (type != ICMP6_ECHO_REQUEST && ::poll(&item, 1, 5000) > 0) {
        std::array<std::uint8_t, 256> message{};
        ASSERT_GT(::recv(listener.get(), message.data(), message.size(), 0), 0);
        type = message[0];
        EXPECT_NE(type, ND_ROUTER_ADVERT);
        EXPECT_NE(type, ND_REDIRECT);
    }
    EXPECT_EQ(type, ICMP6_ECHO_REQUEST) << "the honest request is lost too";
}

TEST_F(DaemonGuard, APodCannotPlayTheDhcpServer) {
    for (const auto& [to, server, client] :
         {std::tuple{victim_.v4(), 67, 68}, std::tuple{victim_.v6(), 547, 546}}) {
        SCOPED_TRACE(to.text());
        const auto any = to.is_v4() ? ip("0.0.0.0") : ip("::");
        const auto client_port = static_cast<std::uint16_t>(client);
        const auto server_port = static_cast<std::uint16_t>(server);
        const Udp dhcp(victim_pod_->fd(), any, client_port);
        const Udp control(victim_pod_->fd(), any, kPort);
        wire_.send(udp_frame(honest(to), server_port, client_port, "offer"));
        wire_.send(udp_frame(honest(to), server_port, kPort, "control"));
        EXPECT_TRUE(control.receive()) << "the honest datagram is lost too";
        EXPECT_FALSE(dhcp.receive(std::chrono::milliseconds(0)));
        // The same port is open to what does not come from a server's port.
        wire_.send(udp_frame(honest(to), kPort, client_port, "no offer"));
        EXPECT_TRUE(dhcp.receive());
    }
}

TEST_F(DaemonGuard, AnAddressMayBeUsedByItsNextOwnerAndNotByTheFormer) {
    const auto address = forger_.v4();
    ASSERT_TRUE(node_.del("victim", *victim_pod_).ok());
    const auto envelope = honest(ip(Node::kNode4));
    auto lie = envelope;
    lie.source = victim_.v4();
    const Udp receiver(node_.fd(), ip(Node::kNode4), kPort);
    wire_.send(udp_frame(lie, 1, kPort, "the address of one who left"));
    wire_.send(udp_frame(envelope, 1, kPort, "honest"));
    const auto got = receiver.receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->text, "honest");
    EXPECT_EQ(got->from, address);
}

}  // namespace
}  // namespace terway::test
