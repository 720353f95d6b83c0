// What the kernel tells of its changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <optional>
#include <thread>

#include "base/netns.hpp"
#include "netlink/ifb.hpp"
#include "netlink/link.hpp"
#include "netlink/monitor.hpp"
#include "netlink/qdisc.hpp"
#include "netlink/route.hpp"
#include "netlink/rule.hpp"

namespace terway::netlink {
namespace {

using Kind = Change::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

class NetlinkMonitor : public testing::Test {
protected:
    NetlinkMonitor() : inside_(host_.fd()) {
        create_veth(socket_, {.name = "a"}, {.name = "b"});
        a_ = find_link(socket_, "a").value().index;
        change_link(socket_, a_, {.up = true});
        change_link(socket_, find_link(socket_, "b").value().index, {.up = true});
        ensure_address(socket_, a_, prefix("192.0.2.1/24"));
        monitor_.emplace("terway");
        while (monitor_->next({}, Clock::now())) {
        }
    }

    // The first change that `wanted` accepts; nothing if none comes.
    std::optional<Change> await(const std::function<bool(const Change&)>& wanted) {
        const auto deadline = after(seconds(5));
        while (const auto change = monitor_->next({}, deadline)) {
            if (wanted(*change)) {
                return change;
            }
        }
        return std::nullopt;
    }

    // Whether nothing is told of nftables for long enough to look; of the rest something may be.
    bool is_calm() {
        const auto deadline = after(milliseconds(500));
        while (const auto change = monitor_->next({}, deadline)) {
            if (change->kind == Kind::Nftables) {
                return false;
            }
        }
        return true;
    }

    Netns host_ = Netns::create();
    NetnsScope inside_;
    Socket socket_;
    std::uint32_t a_ = 0;
    std::optional<Monitor> monitor_;
};

TEST_F(NetlinkMonitor, TellsOfALinkThatGoesDownAndOneThatGoes) {
    change_link(socket_, a_, {.up = false});
    const auto down = await([&](const auto& each) { return each.kind == Kind::Link && !each.up; });
    ASSERT_TRUE(down);
    EXPECT_EQ(down->ifindex, a_);
    EXPECT_EQ(down->name, "a");
    EXPECT_FALSE(down->removed);
    ASSERT_TRUE(remove_link(socket_, a_));
    const auto gone =
        await([](const auto& each) { return each.kind == Kind::Link && each.removed; });
    ASSERT_TRUE(gone);
}

TEST_F(NetlinkMonitor, TellsOfARemovedQueueWithItsLink) {
    set_qdisc(socket_, make_qdisc(a_, kRoot, 0x5442, Tbf{1'000'000, 10'000, 10'000}));
    ASSERT_TRUE(remove_qdisc(socket_, a_, kRoot, class_id(0x5442, 0)));
    const auto gone = await([](const auto& each) { return each.kind == Kind::Tc; });
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->ifindex, a_);
}

TEST_F(NetlinkMonitor, TellsOfALinkWhetherItIsAnIfb) {
    create_ifb(socket_, "i", 7);
    ASSERT_TRUE(remove_link(socket_, find_link(socket_, "i").value().index));
    const auto ifb = await([](const auto& each) { return each.removed; });
    ASSERT_TRUE(ifb);
    EXPECT_TRUE(ifb->is_ifb);
    ASSERT_TRUE(remove_link(socket_, a_));
    const auto veth =
        await([](const auto& each) { return each.kind == Kind::Link && each.removed; });
    ASSERT_TRUE(veth);
    EXPECT_FALSE(veth->is_ifb);
}

TEST_F(NetlinkMonitor, TellsOfARemovedAddressWithItsLink) {
    remove_address(socket_, a_, prefix("192.0.2.1/24"));
    const auto gone =
        await([](const auto& each) { return each.kind == Kind::Address && each.removed; });
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->ifindex, a_);
    EXPECT_EQ(gone->prefix, prefix("192.0.2.1/24"));
}

TEST_F(NetlinkMonitor, TellsOfARemovedRouteWithItsTableAndLink) {
    const Route route{.destination = prefix("0.0.0.0/0"),
                      .gateway = IpAddress::parse("192.0.2.2"),
                      .oif = a_,
                      .table = 1003};
    ensure_route(socket_, route);
    ASSERT_TRUE(remove_route(socket_, route));
    const auto gone =
        await([](const auto& each) { return each.kind == Kind::Route && each.removed; });
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->table, 1003U);
    EXPECT_EQ(gone->ifindex, a_);
    EXPECT_EQ(gone->prefix, prefix("0.0.0.0/0"));
}

TEST_F(NetlinkMonitor, TellsOfARemovedRuleWithWhomItConcerned) {
    for (const auto* text : {"10.0.0.5/32", "fd00::5/128"}) {
        const auto pod = prefix(text);
        Rule from{.family = pod.family(), .priority = 2048, .source = pod, .table = 1003};
        Rule to{.family = pod.family(), .priority = 512, .destination = pod, .table = 254};
        for (const auto& rule : {from, to}) {
            ensure_rule(socket_, rule);
            ASSERT_TRUE(remove_rule(socket_, rule));
            const auto gone =
                await([](const auto& each) { return each.kind == Kind::Rule && each.removed; });
            ASSERT_TRUE(gone) << text;
            EXPECT_EQ(gone->priority, rule.priority);
            EXPECT_EQ(gone->table, rule.table);
            EXPECT_EQ(gone->prefix, pod);
        }
    }
}

TEST_F(NetlinkMonitor, TellsWhoseNftablesWereFlushed) {
    ASSERT_EQ(std::system("nft 'add table inet terway-veth; add table ip other'"), 0);
    EXPECT_TRUE(is_calm()) << "additions are no loss";
    ASSERT_EQ(std::system("nft flush ruleset"), 0);
    const auto ours = await(
        [](const auto& each) { return each.kind == Kind::Nftables && each.name == "terway-veth"; });
    EXPECT_TRUE(ours);
}

TEST_F(NetlinkMonitor, TellsOfARuleThatWentWhileItWasNotAsked) {
    ASSERT_EQ(std::system("nft 'add table inet terway-t; add chain inet terway-t c;"
                          " add rule inet terway-t c accept; add rule inet terway-t c drop'"),
              0);
    EXPECT_TRUE(is_calm());
    ASSERT_EQ(std::system("nft 'flush chain inet terway-t c; add rule inet terway-t c accept;"
                          " add rule inet terway-t c drop'"),
              0);
    const auto lost = await([](const auto& each) { return each.kind == Kind::Nftables; });
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->name, "terway-t");
}

TEST_F(NetlinkMonitor, TellsOfARuleThatSomebodyPutBesideOthers) {
    ASSERT_EQ(std::system("nft 'add table inet terway-t; add chain inet terway-t c;"
                          " add rule inet terway-t c drop'"),
              0);
    EXPECT_TRUE(is_calm());
    ASSERT_EQ(std::system("nft insert rule inet terway-t c accept"), 0);
    EXPECT_TRUE(await([](const auto& each) { return each.name == "terway-t"; }));
}

TEST_F(NetlinkMonitor, TellsOfATableThatWasMadeAnewMeanwhile) {
    const auto* const make =
        "nft 'add table inet terway-t; add chain inet terway-t c;"
        " add rule inet terway-t c accept'";
    ASSERT_EQ(std::system(make), 0);
    EXPECT_TRUE(is_calm());
    ASSERT_EQ(std::system("nft delete table inet terway-t"), 0);
    ASSERT_EQ(std::system(make), 0);
    EXPECT_TRUE(await([](const auto& each) { return each.name == "terway-t"; }));
}

TEST_F(NetlinkMonitor, DoesNotTellOfElementsNorOfOthersTables) {
    ASSERT_EQ(std::system("nft 'add table ip terway-t; add set ip terway-t s { type ipv4_addr; };"
                          " add table ip other; add chain ip other c; add rule ip other c accept'"),
              0);
    ASSERT_EQ(std::system("nft 'add element ip terway-t s { 10.0.0.1 }'"), 0);
    EXPECT_TRUE(is_calm());
    ASSERT_EQ(
        std::system("nft 'delete element ip terway-t s { 10.0.0.1 }; flush chain ip other c'"), 0);
    EXPECT_TRUE(is_calm());
    ASSERT_EQ(std::system("nft 'delete table ip other; delete table ip terway-t'"), 0);
    const auto first = await([](const auto& each) { return each.kind == Kind::Nftables; });
    ASSERT_TRUE(first);
    EXPECT_EQ(first->name, "terway-t");
}

TEST_F(NetlinkMonitor, SaysLookAtEverythingWhenItCouldNotKeepUp) {
    // Far more than the receive buffer holds, while nobody reads.
    for (int round = 0; round < 400; ++round) {
        for (unsigned i = 0; i < 60; ++i) {
            const Rule rule{.family = Family::V4,
                            .priority = 100 + i,
                            .source = prefix("10.0.0.5/32"),
                            .table = 1003};
            ensure_rule(socket_, rule);
            remove_rule(socket_, rule);
        }
    }
    EXPECT_TRUE(await([](const auto& each) { return each.kind == Kind::Everything; }));
}

TEST_F(NetlinkMonitor, AStopEndsTheWaitAtOnce) {
    std::jthread waiting([this](const std::stop_token& stop) {
        while (monitor_->next(stop, Deadline::max())) {
        }
    });
    waiting.request_stop();
    waiting.join();
}

}  // namespace
}  // namespace terway::netlink
