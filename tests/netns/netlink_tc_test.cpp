// Queueing disciplines, classes and filters for every packet, as far as every kernel has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/if_ether.h>

#include <algorithm>
#include <cerrno>

#include "base/netns.hpp"
#include "netlink/ifb.hpp"
#include "netlink/link.hpp"
#include "netlink/qdisc.hpp"
#include "netlink/route.hpp"
#include "netlink/tc.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"

namespace terway::netlink {
namespace {

using testing::SizeIs;

constexpr std::uint16_t kMajor = 0x4711;

class NetlinkTc : public testing::Test {
protected:
    NetlinkTc() {
        create_veth(socket_, {.name = "here"}, {.name = "there"});
        link_ = find_link(socket_, "here").value().index;
    }

    Qdisc root(QdiscOptions options, std::uint16_t major = kMajor) const {
        Qdisc qdisc;
        qdisc.ifindex = link_;
        qdisc.handle = class_id(major, 0);
        qdisc.options = options;
        return qdisc;
    }
    std::optional<Qdisc> found() { return find_qdisc(socket_, link_, kRoot); }

    Netns netns_ = Netns::create();
    Socket socket_ = Socket::in(netns_.fd());
    std::uint32_t link_ = 0;
};

TEST_F(NetlinkTc, ALinkAsItWasBornHasNoQdiscOfNote) {
    EXPECT_FALSE(found());
    EXPECT_FALSE(find_qdisc(socket_, link_, kHook));
    EXPECT_FALSE(find_qdisc(socket_, 4711, kRoot));
    EXPECT_FALSE(remove_qdisc(socket_, link_, kRoot, class_id(kMajor, 0)));
}

TEST_F(NetlinkTc, ATokenBucketIsFoundAsItWasMadeHoweverFastOrSlow) {
    for (const Tbf& tbf :
         {Tbf{1'000, 3'000, 24'000}, Tbf{125'000, 3'028, 40'000},
          Tbf{125'000'000, 1'250'000, 9'000'000}, Tbf{3'125'000'000, 4'194'304, 36'000'000},
          Tbf{50'000'000'000, 4'194'304, 36'000'000}}) {
        set_qdisc(socket_, root(tbf));
        const auto qdisc = found().value();
        EXPECT_EQ(qdisc.kind, "tbf");
        EXPECT_EQ(qdisc.handle, class_id(kMajor, 0));
        EXPECT_TRUE(same_options(tbf, qdisc.options)) << tbf.rate;
        auto other = tbf;
        other.rate += other.rate / 100;
        EXPECT_FALSE(same_options(other, qdisc.options)) << tbf.rate;
        other = tbf;
        other.burst += other.burst / 100;
        EXPECT_FALSE(same_options(other, qdisc.options)) << tbf.rate;
    }
}

TEST_F(NetlinkTc, ClassesOfHtbAreFoundAsTheyWereMade) {
    set_qdisc(socket_, root(Htb{1}));
    EXPECT_TRUE(same_options(Htb{1}, found().value().options));
    HtbClass htb;
    htb.ifindex = link_;
    htb.parent = class_id(kMajor, 0);
    htb.id = class_id(kMajor, 1);
    EXPECT_FALSE(find_class(socket_, link_, htb.id));
    for (const std::uint64_t rate : {std::uint64_t{125'000}, std::uint64_t{50'000'000'000}}) {
        htb.rate = rate;
        htb.burst = 100'000;
        set_class(socket_, htb);
        EXPECT_TRUE(htb.same_as(find_class(socket_, link_, htb.id).value())) << rate;
        auto other = htb;
        other.rate += other.rate / 100;
        EXPECT_FALSE(other.same_as(find_class(socket_, link_, htb.id).value())) << rate;
    }
    Qdisc leaf = root(Bfifo{77'000}, kMajor + 1);
    leaf.parent = htb.id;
    set_qdisc(socket_, leaf);
    EXPECT_TRUE(same_options(Bfifo{77'000}, find_qdisc(socket_, link_, htb.id).value().options));
}

TEST_F(NetlinkTc, AnotherKindTakesThePlaceUnderAnotherHandle) {
    set_qdisc(socket_, root(Htb{1}));
    set_qdisc(socket_, root(Tbf{125'000, 3'028, 40'000}, kMajor + 1));
    EXPECT_EQ(found().value().kind, "tbf");
}

TEST_F(NetlinkTc, OnlyTheQdiscWithTheHandleIsRemoved) {
    set_qdisc(socket_, root(Tbf{125'000, 3'028, 40'000}));
    EXPECT_FALSE(remove_qdisc(socket_, link_, kRoot, class_id(kMajor + 1, 0)));
    EXPECT_TRUE(found());
    EXPECT_TRUE(remove_qdisc(socket_, link_, kRoot, class_id(kMajor, 0)));
    EXPECT_FALSE(found());
}

TEST_F(NetlinkTc, WhatAQdiscHasCountedIsTold) {
    set_qdisc(socket_, root(Tbf{125'000'000, 100'000, 1'000'000}));
    change_link(socket_, find_link(socket_, "there").value().index, {.up = true});
    change_link(socket_, link_, {.up = true});
    ensure_address(socket_, link_, Prefix::parse("10.0.0.1/24").value());
    const test::Udp sender(netns_.fd(), IpAddress::parse("10.0.0.1").value(), 4711);
    EXPECT_TRUE(test::eventually([&] {
        sender.send(IpAddress::parse("10.0.0.2").value(), 4711, "hello");  // asks who that is
        const auto counters = found().value().counters;
        return counters.packets > 0 && counters.bytes >= 42 * counters.packets;
    }));
    const auto all = qdiscs(socket_);
    EXPECT_EQ(std::count_if(all.begin(), all.end(),
                            [&](const Qdisc& each) {
                                return each.ifindex == link_ && each.parent == kRoot &&
                                       each.counters.packets > 0;
                            }),
              1);
}

TEST_F(NetlinkTc, EveryPacketOfAHookIsLedToAnIfb) {
    create_ifb(socket_, "detour", 0x42);
    const auto ifb = find_link(socket_, "detour").value();
    EXPECT_EQ(ifb.kind, "ifb");
    EXPECT_EQ(ifb.group, 0x42U);
    EXPECT_FALSE(ifb.up);
    ensure_clsact(socket_, link_);
    EXPECT_EQ(find_qdisc(socket_, link_, kHook).value().kind, "clsact");
    Filter filter;
    filter.hook = Hook::Ingress;
    filter.priority = 0xc000;
    filter.protocol = ETH_P_ALL;
    filter.kind = "u32";
    filter.actions = {{Action::Kind::RedirectEgress, ifb.index}};
    filter.flow = class_id(5, 1);
    add_filter(socket_, link_, filter);
    auto all = filters(socket_, link_, Hook::Ingress);
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_TRUE(all[0].same_as(filter));
    remove_link(socket_, ifb.index);
    all = filters(socket_, link_, Hook::Ingress);
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_EQ(all[0].actions.at(0), (Action{Action::Kind::RedirectEgress, 0}));
    EXPECT_TRUE(remove_filter(socket_, link_, all[0]));
    EXPECT_FALSE(remove_filter(socket_, link_, all[0]));
}

TEST_F(NetlinkTc, FiltersBySourceAreFoundAsTheyWereMadeAndTheirActionsChange) {
    create_ifb(socket_, "one", 0);
    create_ifb(socket_, "two", 0);
    const auto one = find_link(socket_, "one").value().index;
    const auto two = find_link(socket_, "two").value().index;
    ensure_clsact(socket_, link_);
    std::vector<Filter> wanted;
    for (const auto* source : {"10.0.0.2", "10.0.0.3", "fd00::2"}) {
        Filter filter;
        filter.source = IpAddress::parse(source).value();
        filter.priority = filter.source->is_v4() ? 16 : 17;
        filter.protocol = filter.source->is_v4() ? ETH_P_IP : ETH_P_IPV6;
        filter.kind = "u32";
        filter.actions = {{.kind = Action::Kind::RedirectEgress, .ifindex = one, .tag = "whose"}};
        add_filter(socket_, link_, filter);
        wanted.push_back(filter);
    }
    auto all = filters(socket_, link_, Hook::Egress);
    ASSERT_THAT(all, SizeIs(3));
    for (const auto& filter : wanted) {
        EXPECT_EQ(std::count_if(all.begin(), all.end(),
                                [&](const Filter& each) { return each.same_as(filter); }),
                  1)
            << filter.source->text();
    }
    auto changed = all[0];
    changed.actions[0].ifindex = two;
    changed.actions[0].tag = "another's";
    EXPECT_TRUE(change_actions(socket_, link_, changed));
    const auto after = filters(socket_, link_, Hook::Egress);
    ASSERT_THAT(after, SizeIs(3));
    EXPECT_EQ(std::count_if(after.begin(), after.end(),
                            [&](const Filter& each) { return each.same_as(changed); }),
              1);
    EXPECT_TRUE(remove_filter(socket_, link_, changed));
    EXPECT_THAT(filters(socket_, link_, Hook::Egress), SizeIs(2)) << "the others stay";
    EXPECT_FALSE(change_actions(socket_, link_, changed));
}

TEST_F(NetlinkTc, ANameThatIsTakenIsNoIfb) {
    try {
        create_ifb(socket_, "here", 0);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.sys_errno(), EEXIST);
    }
}

}  // namespace
}  // namespace terway::netlink
