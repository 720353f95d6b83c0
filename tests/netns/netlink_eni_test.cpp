// What a node with ENIs asks of the kernel: NICs by their MAC, thousands of rules, forgotten
// connections.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <string>

#include "base/netns.hpp"
#include "netlink/conntrack.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/rule.hpp"
#include "netlink/wait.hpp"

namespace terway::netlink {
namespace {

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}
Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

class NetlinkEni : public testing::Test {
protected:
    Netns host_ = Netns::create();
    NetnsScope inside_{host_.fd()};
    Socket socket_;
};

TEST_F(NetlinkEni, ANicIsFoundByItsMacAndNothingThatStandsOnItIs) {
    const auto mac = Mac::parse("00:16:3e:00:00:07").value();
    create_veth(socket_, {.name = "eth1", .mac = mac}, {.name = "far"});
    ASSERT_EQ(std::system("ip link add link eth1 address 00:16:3e:00:00:07 name mv0 type macvlan"),
              0);
    const auto found = find_nic(socket_, mac);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "eth1");
    EXPECT_FALSE(find_nic(socket_, Mac::parse("00:16:3e:00:00:08").value()));
}

TEST_F(NetlinkEni, ThousandsOfRulesOfEachFamilyAreListedWhole) {
    constexpr unsigned kRules = 3000;
    for (const auto& base : {ip("10.0.0.0"), ip("fd00::")}) {
        for (unsigned i = 0; i < kRules; ++i) {
            ASSERT_TRUE(ensure_rule(socket_, {.family = base.family(),
                                              .priority = 2048,
                                              .source = Prefix::host(base.plus(i)),
                                              .table = 1003}));
        }
        std::size_t ours = 0;
        for (const auto& rule : rules(socket_, base.family())) {
            ours += rule.priority == 2048 ? 1U : 0U;
        }
        EXPECT_EQ(ours, kRules);
    }
}

TEST_F(NetlinkEni, ARuleByMarkIsTheSameWhenItIsListed) {
    const Rule rule{
        .family = Family::V4, .priority = 600, .table = 100, .mark = 0x10, .mask = 0x10};
    EXPECT_TRUE(ensure_rule(socket_, rule));
    EXPECT_FALSE(ensure_rule(socket_, rule));
    EXPECT_THAT(rules(socket_, Family::V4), testing::Contains(rule));
    EXPECT_TRUE(remove_rule(socket_, rule));
    EXPECT_THAT(rules(socket_, Family::V4), testing::Not(testing::Contains(rule)));
}

class Conntrack : public NetlinkEni {
protected:
    Conntrack() {
        change_link(socket_, find_link(socket_, "lo").value().index, {.up = true});
        const auto lo = find_link(socket_, "lo").value().index;
        std::vector<Prefix> all;
        for (const auto* text :
             {"10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32", "fd00::1/128", "fd00::2/128"}) {
            all.push_back(prefix(text));
            ensure_address(socket_, lo, all.back());
        }
        // IPv6 has its routes a moment later.
        await_local(socket_, all, after(std::chrono::seconds(10)));
        // Tracking begins with the first rule that asks for it.
        EXPECT_EQ(std::system("nft 'add table inet t; add chain inet t c { type filter hook output "
                              "priority 0; }; add rule inet t c ct state new accept'"),
                  0);
    }

    static void send(const char* from, const char* to) {
        const bool v4 = ip(from).is_v4();
        const int fd = ::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ASSERT_GE(fd, 0);
        for (const auto* end : {from, to}) {
            sockaddr_storage address{};
            address.ss_family = v4 ? AF_INET : AF_INET6;
            auto& four = reinterpret_cast<sockaddr_in&>(address);
            auto& six = reinterpret_cast<sockaddr_in6&>(address);
            ASSERT_EQ(::inet_pton(address.ss_family, end,
                                  v4 ? static_cast<void*>(&four.sin_addr) : &six.sin6_addr),
                      1);
            const auto size = static_cast<socklen_t>(v4 ? sizeof four : sizeof six);
            if (end == from) {
                ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
            } else {
                (v4 ? four.sin_port : six.sin6_port) = htons(9);
                ASSERT_EQ(::sendto(fd, "x", 1, 0, reinterpret_cast<sockaddr*>(&address), size), 1);
            }
        }
        ::close(fd);
    }

    std::size_t forget(const std::vector<IpAddress>& addresses) {
        return flush_conntrack(netfilter_, addresses);
    }

    Socket netfilter_{NETLINK_NETFILTER};
};

TEST_F(Conntrack, ForgetsWhatComesFromOrGoesToTheAddressesAndNothingElse) {
    send("10.0.0.1", "10.0.0.2");
    send("10.0.0.2", "10.0.0.1");
    send("10.0.0.2", "10.0.0.3");
    send("fd00::1", "fd00::2");
    EXPECT_EQ(forget({ip("10.0.0.1")}), 2U);
    EXPECT_EQ(forget({ip("10.0.0.1")}), 0U);
    EXPECT_EQ(forget({ip("10.0.0.3"), ip("fd00::2")}), 2U);
}

TEST_F(Conntrack, ForgetsATranslatedConnectionByTheAddressBehindIt) {
    ASSERT_EQ(std::system("nft 'add chain inet t n { type nat hook output priority -100; }; add "
                          "rule inet t n ip daddr 10.0.0.3 dnat ip to 10.0.0.2'"),
              0);
    send("10.0.0.1", "10.0.0.3");
    EXPECT_EQ(forget({ip("10.0.0.2")}), 1U);
}

TEST_F(Conntrack, NothingIsTrackedIsNoError) {
    EXPECT_EQ(forget({ip("10.0.0.1"), ip("fd00::1")}), 0U);
    EXPECT_EQ(forget({}), 0U);
}

}  // namespace
}  // namespace terway::netlink
