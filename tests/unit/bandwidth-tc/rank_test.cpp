#include "rank.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/if_ether.h>

#include <set>

#include "options.hpp"
#include "terway/testing/config_table.hpp"
#include "terway/testing/endpoint.hpp"
#include "terway/testing/host.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Filter;
using sdk::testing::EndpointBuilder;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

EndpointBuilder pod(const std::string& container, std::uint32_t priority = TWY_PRIORITY_NONE) {
    EndpointBuilder endpoint(container, "eth0");
    endpoint.eni(7).eni_mac({2, 0, 0, 0, 0, 1}).eni_id("eni-1").priority(priority);
    endpoint.address("10.0.0.2").address("fd00::2");
    return endpoint;
}

Rank rank(const EndpointBuilder& endpoint) {
    const auto raw = endpoint.raw();
    return rank_of(sdk::EndpointView(raw)).value();
}

std::vector<Filter> filters(const std::string& container,
                            std::uint32_t priority = TWY_PRIORITY_NONE) {
    return rank_filters(rank(pod(container, priority)));
}

// As the kernel lists them.
std::vector<Filter> listed(std::vector<Filter> all) {
    for (auto& filter : all) {
        filter.handle = 0x80000800;
    }
    return all;
}

TEST(Rank, EachAddressHasAFilterOfItsProtocolThatGoesOnToTheNextOne) {
    const auto all = filters("c1", TWY_PRIORITY_GUARANTEED);
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0].source, IpAddress::parse("10.0.0.2"));
    EXPECT_EQ(all[0].protocol, ETH_P_IP);
    EXPECT_EQ(all[1].source, IpAddress::parse("fd00::2"));
    EXPECT_EQ(all[1].protocol, ETH_P_IPV6);
    EXPECT_NE(all[0].priority, all[1].priority) << "u32 has one protocol for a priority";
    for (const auto& filter : all) {
        EXPECT_EQ(filter.hook, netlink::Hook::Egress);
        EXPECT_TRUE(is_rank(filter));
        EXPECT_EQ(word_of(filter), "guaranteed");
    }
}

TEST(Rank, NoBandButTheMiddleOneHasAPriorityThatAnybodyCanSet) {
    const auto prio = std::get<netlink::Prio>(bands_of(7, 1).at(0).options);
    const auto band = [&](std::uint32_t wish) {
        return prio.band_of.at(filters("c1", wish).at(0).actions.at(0).priority);
    };
    EXPECT_EQ(prio.bands, 3U);
    EXPECT_EQ(band(TWY_PRIORITY_GUARANTEED), 0);
    EXPECT_EQ(band(TWY_PRIORITY_BURSTABLE), 1);
    EXPECT_EQ(band(TWY_PRIORITY_NONE), 1);
    EXPECT_EQ(band(TWY_PRIORITY_BEST_EFFORT), 2);
    for (std::size_t priority = 0; priority <= 7; ++priority) {
        EXPECT_EQ(prio.band_of.at(priority), 1) << priority;
    }
}

TEST(Rank, APodWithoutAnEniHasNone) {
    EndpointBuilder endpoint("c1", "eth0");
    endpoint.address("10.0.0.2").priority(TWY_PRIORITY_GUARANTEED);
    const auto raw = endpoint.raw();
    EXPECT_FALSE(rank_of(sdk::EndpointView(raw)));
}

TEST(Rank, ThePodsFiltersAreKnownByItsKeyAlone) {
    const auto whole = pod("c1");
    const auto key = whole.key_alone();
    const auto raw = key.raw();
    const auto owner = rank_owner(sdk::EndpointView(raw));
    for (const auto& filter : filters("c1")) {
        EXPECT_TRUE(is_rank_of(filter, owner));
    }
    for (const auto& filter : filters("c2")) {
        EXPECT_FALSE(is_rank_of(filter, owner));
    }
}

TEST(RankChange, NothingIsDoneTwice) {
    const auto needed = rank_change(listed(filters("c1")), filters("c1"), rank(pod("c1")).owner);
    EXPECT_THAT(needed.add, IsEmpty());
    EXPECT_THAT(needed.change, IsEmpty());
    EXPECT_THAT(needed.remove, IsEmpty());
}

TEST(RankChange, AnotherWishChangesTheFilterInItsPlace) {
    const auto needed = rank_change(listed(filters("c1", TWY_PRIORITY_GUARANTEED)),
                                    filters("c1", TWY_PRIORITY_BEST_EFFORT), rank(pod("c1")).owner);
    EXPECT_THAT(needed.add, IsEmpty());
    EXPECT_THAT(needed.remove, IsEmpty());
    ASSERT_THAT(needed.change, SizeIs(2));
    EXPECT_EQ(word_of(needed.change[0]), "best-effort");
    EXPECT_EQ(needed.change[0].handle, 0x80000800);
}

TEST(RankChange, AFormerPodsFilterForTheAddressIsTakenOver) {
    const auto needed = rank_change(listed(filters("c1")), filters("c2"), rank(pod("c2")).owner);
    EXPECT_THAT(needed.add, IsEmpty());
    EXPECT_THAT(needed.change, SizeIs(2));
}

TEST(RankChange, OtherPodsAndStrangersAreLeftAlone) {
    auto other = pod("c2");
    auto found = listed(filters("c2"));
    found[0].source = IpAddress::parse("10.0.0.3");
    found[1].source = IpAddress::parse("fd00::3");
    auto stranger = filters("c1").at(0);
    stranger.actions[0].tag.clear();
    found.push_back(stranger);
    const auto needed = rank_change(found, filters("c1"), rank(pod("c1")).owner);
    EXPECT_THAT(needed.add, SizeIs(2));
    EXPECT_THAT(needed.change, IsEmpty());
    EXPECT_THAT(needed.remove, IsEmpty());
}

TEST(RankChange, WhatIsThereTwiceOrForAnAddressThePodHasNoMoreGoes) {
    auto found = listed(filters("c1"));
    found.push_back(found[0]);
    found.push_back(found[0]);
    found.back().source = IpAddress::parse("10.0.0.9");
    const auto needed = rank_change(found, filters("c1"), rank(pod("c1")).owner);
    EXPECT_THAT(needed.add, IsEmpty());
    EXPECT_THAT(needed.change, IsEmpty());
    EXPECT_THAT(needed.remove, ElementsAre(Field(&Filter::source, IpAddress::parse("10.0.0.2")),
                                           Field(&Filter::source, IpAddress::parse("10.0.0.9"))));
}

TEST(Bands, ANicWithOneQueueHasThemAtItsRoot) {
    const auto all = bands_of(7, 1);
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_EQ(all[0].kind, "prio");
    EXPECT_EQ(all[0].parent, netlink::kRoot);
    EXPECT_TRUE(is_bands(all[0]));
}

TEST(Bands, ANicWithSeveralHasThemUnderEach) {
    const auto all = bands_of(7, 4);
    ASSERT_THAT(all, SizeIs(5));
    EXPECT_EQ(all[0].kind, "mq");
    EXPECT_TRUE(is_bands(all[0]));
    std::set<std::uint32_t> handles;
    std::set<std::uint32_t> parents;
    for (const auto& qdisc : all) {
        handles.insert(qdisc.handle);
        parents.insert(qdisc.parent);
    }
    EXPECT_THAT(handles, SizeIs(5));
    EXPECT_THAT(parents, SizeIs(5));
    EXPECT_EQ(all[4].parent, all[0].handle | 4U);
    EXPECT_FALSE(is_bands(all[4]));
}

TEST(RankOptions, NetworkPriorityIsOffUnlessAskedFor) {
    sdk::testing::FakeHost fake;
    for (const bool on : {false, true}) {
        sdk::testing::ConfigTable table;
        if (on) {
            table.boolean("network_priority", true);
        }
        const sdk::testing::FakeHost::TableView shown(fake, table);
        sdk::Config config(fake.api(), shown.raw());
        EXPECT_EQ(read_options(config).network_priority, on);
        config.finish();
    }
}

}  // namespace
}  // namespace terway::bandwidth_tc
