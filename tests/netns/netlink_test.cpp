#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <linux/netfilter.h>

#include <thread>
#include <vector>

#include "base/netns.hpp"
#include "netlink/link.hpp"
#include "netlink/nft.hpp"
#include "netlink/route.hpp"
#include "netlink/rule.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}
Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

class Netlink : public ::testing::Test {
protected:
    Netns host_ = Netns::create();
    Netns pod_ = Netns::create();
    Socket socket_ = Socket::in(host_.fd());
    Socket pod_socket_ = Socket::in(pod_.fd());

    Link veth(const std::string& name = "vhost") {
        VethEnd end{.name = name, .mac = Mac::parse("02:00:00:00:00:01"), .mtu = 1400, .group = 7};
        VethEnd peer{.name = "eth0",
                     .mac = Mac::parse("02:00:00:00:00:02"),
                     .mtu = 1400,
                     .group = 0,
                     .netns_fd = pod_.fd()};
        create_veth(socket_, end, peer);
        return find_link(socket_, name).value();
    }
};

TEST_F(Netlink, AVethIsBornInItsFinalNamespaceWithNameMacMtuAndGroup) {
    const Link host = veth();
    EXPECT_EQ(host.kind, "veth");
    EXPECT_EQ(host.mac.text(), "02:00:00:00:00:01");
    EXPECT_EQ(host.mtu, 1400U);
    EXPECT_EQ(host.group, 7U);
    EXPECT_FALSE(host.up);
    const auto pod = find_link(pod_socket_, "eth0");
    ASSERT_TRUE(pod);
    EXPECT_EQ(pod->index, host.peer_index);
    EXPECT_EQ(pod->peer_index, host.index);
    EXPECT_EQ(pod->mac.text(), "02:00:00:00:00:02");
    EXPECT_FALSE(find_link(socket_, "eth0"));
}

TEST_F(Netlink, ATakenNameIsRefusedWithTheNameAndTheKernelsReason) {
    veth();
    try {
        veth();
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.sys_errno(), EEXIST);
        EXPECT_THAT(std::string(error.what()), ::testing::HasSubstr("vhost"));
    }
}

TEST_F(Netlink, RemovingAMissingLinkIsNoError) {
    EXPECT_FALSE(remove_link(socket_, "nothing"));
    EXPECT_FALSE(remove_link(socket_, 4711U));
    veth();
    EXPECT_TRUE(remove_link(socket_, "vhost"));
    EXPECT_FALSE(find_link(pod_socket_, "eth0"));
}

TEST_F(Netlink, AGroupIsRemovedWithOneRequest) {
    for (int i = 0; i < 5; ++i) {
        const std::string name = "v" + std::to_string(i);
        create_veth(socket_, {.name = name, .mac = {}, .mtu = 0, .group = 99},
                    {.name = "p" + name, .mac = {}, .mtu = 0, .group = 0, .netns_fd = pod_.fd()});
    }
    veth("kept");
    EXPECT_TRUE(remove_links_of_group(socket_, 99));
    std::vector<std::string> names;
    for (const auto& link : links(socket_)) {
        names.push_back(link.name);
    }
    EXPECT_THAT(names, ::testing::UnorderedElementsAre("lo", "kept"));
    EXPECT_FALSE(remove_links_of_group(socket_, 99));
}

TEST_F(Netlink, ALinkChangesStateGroupAliasAndLinkLocalModeAtOnce) {
    const auto link = veth();
    change_link(socket_, link.index,
                {.up = true, .group = 12, .alias = "owner", .no_ipv6_link_local = true});
    const auto changed = find_link(socket_, link.index).value();
    EXPECT_TRUE(changed.up);
    EXPECT_EQ(changed.group, 12U);
    EXPECT_EQ(changed.alias, "owner");
    EXPECT_TRUE(addresses(socket_, link.index).empty());
}

TEST_F(Netlink, ALinkThatTrustsSourcesHasNoCheckOfItsOwnUntilItIsToldTo) {
    const auto link = veth();
    const NetnsScope scope(host_.fd());
    const auto setting = [](const std::string& name) {
        return read_sysctl("net/ipv4/conf/vhost/" + name);
    };
    write_sysctl("net/ipv4/conf/vhost/rp_filter", "2");
    EXPECT_FALSE(link.trusts_sources);
    change_link(socket_, link.index, {.trust_sources = true});
    EXPECT_EQ(setting("accept_local"), "1");
    EXPECT_EQ(setting("rp_filter"), "0");
    EXPECT_TRUE(find_link(socket_, link.index).value().trusts_sources);
    change_link(socket_, link.index, {.group = 3});
    EXPECT_TRUE(find_link(socket_, link.index).value().trusts_sources);
    change_link(socket_, link.index, {.trust_sources = false});
    EXPECT_EQ(setting("accept_local"), "0");
    EXPECT_FALSE(find_link(socket_, link.index).value().trusts_sources);
}

TEST_F(Netlink, AddressesOfBothFamiliesAreEnsuredTwiceAndRemovedTwice) {
    veth();
    const auto pod = find_link(pod_socket_, "eth0").value();
    for (int twice = 0; twice < 2; ++twice) {
        ensure_address(pod_socket_, pod.index, prefix("172.20.1.5/32"));
        ensure_address(pod_socket_, pod.index, prefix("fd00::5/128"));
    }
    EXPECT_THAT(addresses(pod_socket_, pod.index),
                ::testing::UnorderedElementsAre(prefix("172.20.1.5/32"), prefix("fd00::5/128")));
    for (int twice = 0; twice < 2; ++twice) {
        remove_address(pod_socket_, pod.index, prefix("172.20.1.5/32"));
        remove_address(pod_socket_, pod.index, prefix("fd00::5/128"));
    }
    EXPECT_TRUE(addresses(pod_socket_, pod.index).empty());
}

TEST_F(Netlink, ARouteIsReplacedFoundAndRemoved) {
    const auto link = veth();
    change_link(socket_, link.index, {.up = true});
    const auto pod = find_link(pod_socket_, "eth0").value();
    change_link(pod_socket_, pod.index, {.up = true});
    for (const auto* text : {"172.20.1.5/32", "fd00::5/128"}) {
        Route route{.destination = prefix(text), .gateway = {}, .oif = link.index};
        route.scope = RT_SCOPE_LINK;
        ensure_route(socket_, route);
        ensure_route(socket_, route);
        const auto found = find_route(socket_, prefix(text));
        ASSERT_TRUE(found) << text;
        EXPECT_EQ(found->oif, link.index);
        EXPECT_TRUE(remove_route(socket_, route));
        EXPECT_FALSE(remove_route(socket_, route));
        EXPECT_FALSE(find_route(socket_, prefix(text)));
    }
}

TEST_F(Netlink, ARuleIsEnsuredOnceAndTablesAreKeptApart) {
    const Rule rule{Family::V4, 512, {}, prefix("10.0.0.5/32"), "", 1234};
    ensure_rule(socket_, rule);
    ensure_rule(socket_, rule);
    int found = 0;
    for (const auto& other : rules(socket_, Family::V4)) {
        found += other == rule ? 1 : 0;
    }
    EXPECT_EQ(found, 1);
    EXPECT_TRUE(routes(socket_, Family::V4, 1234).empty());
    EXPECT_TRUE(remove_rule(socket_, rule));
    EXPECT_FALSE(remove_rule(socket_, rule));
}

TEST_F(Netlink, APermanentNeighbourCanBeSetOnALinkThatIsDown) {
    const auto link = veth();
    const Neighbour neighbour{link.index, ip("172.20.1.5"), *Mac::parse("02:00:00:00:00:02")};
    ensure_neighbour(socket_, neighbour);
    ensure_neighbour(socket_, neighbour);
    EXPECT_THAT(neighbours(socket_, Family::V4, link.index), ::testing::Contains(neighbour));
    EXPECT_TRUE(remove_neighbour(socket_, neighbour));
    EXPECT_FALSE(remove_neighbour(socket_, neighbour));
}

TEST_F(Netlink, ALinkAnswersForOtherAddressesUntilItIsToldNotTo) {
    const auto link = veth();
    for (const auto* text : {"172.20.1.5", "fd00:20:1::5"}) {
        const auto address = ip(text);
        ensure_proxy(socket_, link.index, address);
        ensure_proxy(socket_, link.index, address);
        EXPECT_THAT(proxies(socket_, address.family(), link.index),
                    ::testing::ElementsAre(address));
        EXPECT_THAT(proxies(socket_, address.family(), link.index + 1), ::testing::IsEmpty());
        EXPECT_THAT(
            neighbours(socket_, address.family(), link.index),
            ::testing::Not(::testing::Contains(::testing::Field(&Neighbour::address, address))));
        EXPECT_TRUE(remove_proxy(socket_, link.index, address));
        EXPECT_FALSE(remove_proxy(socket_, link.index, address));
        EXPECT_THAT(proxies(socket_, address.family(), link.index), ::testing::IsEmpty());
    }
}

TEST_F(Netlink, ARefusalCarriesTheKernelsExtendedText) {
    const auto link = veth();
    try {
        ensure_route(
            socket_,
            {.destination = prefix("0.0.0.0/0"), .gateway = ip("192.0.2.1"), .oif = link.index});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_NE(error.sys_errno(), 0);
        EXPECT_THAT(std::string(error.what()), ::testing::HasSubstr("("));
    }
}

TEST_F(Netlink, NftElementsAreOneTransactionAndAMissingSetIsNamed) {
    const NetnsScope scope(host_.fd());
    ASSERT_EQ(std::system("nft 'add table inet t; add set inet t s { type ifname . ether_addr . "
                          "ipv4_addr; }'"),
              0);
    Socket nft(NETLINK_NETFILTER);
    NftKey key;
    key.ifname("cali1").part(Mac::parse("02:00:00:00:00:02")->bytes).part(ip("1.2.3.4").bytes());
    EXPECT_FALSE(nft_has_element(nft, NFPROTO_INET, "t", "s", key));
    NftBatch add;
    add.add_element(NFPROTO_INET, "t", "s", key);
    add.commit(nft, "guard cali1");
    EXPECT_TRUE(nft_has_element(nft, NFPROTO_INET, "t", "s", key));
    NftBatch both;
    both.delete_element(NFPROTO_INET, "t", "s", key);
    both.add_element(NFPROTO_INET, "t", "missing", key);
    try {
        both.commit(nft, "guard cali1");
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.sys_errno(), ENOENT);
    }
    EXPECT_TRUE(nft_has_element(nft, NFPROTO_INET, "t", "s", key)) << "half a transaction happened";
}

TEST_F(Netlink, ASysctlIsWrittenInTheNamespaceOfTheThread) {
    veth();
    const NetnsScope scope(pod_.fd());
    write_sysctl("net/ipv6/conf/eth0/accept_ra", "0");
    EXPECT_EQ(read_sysctl("net/ipv6/conf/eth0/accept_ra"), "0");
    EXPECT_FALSE(read_sysctl("net/ipv6/conf/nothing/accept_ra"));
}

TEST_F(Netlink, AThreadIsHomeAgainAfterAScope) {
    const auto home = current_netns_inode();
    {
        const NetnsScope scope(pod_.fd());
        EXPECT_EQ(current_netns_inode(), pod_.inode());
    }
    EXPECT_EQ(current_netns_inode(), home);
}

}  // namespace
}  // namespace terway::netlink
