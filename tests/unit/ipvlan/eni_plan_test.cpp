#include "eni_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/if_ether.h>

#include <string>
#include <vector>

#include "terway/testing/eni.hpp"

namespace terway::ipvlan {
namespace {

using netlink::Action;
using netlink::Filter;
using netlink::Hook;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}
IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

EniPlan make(const std::vector<const char*>& subnets, const Options& options) {
    sdk::testing::EniBuilder eni("eni-1");
    eni.ifindex(3).mac({2, 0, 0, 0, 0, 7});
    for (const auto* subnet : subnets) {
        eni.subnet(subnet);
    }
    const NodeFacts node{.mtu = 8500, .addresses = {ip("10.0.0.10"), ip("fd00:10::10")}};
    const auto raw = eni.raw();
    return plan_eni(sdk::EniView(raw), node, options);
}

TEST(IpvlanEniPlan, AnswersForOtherDataplanesPodsOfTheSubnetsFamilies) {
    sdk::testing::EniBuilder eni("eni-1");
    eni.ifindex(3).subnet("10.0.1.0/24").other("10.0.1.7/32").other("fd00:1::7/128");
    const auto raw = eni.raw();
    EXPECT_THAT(plan_eni(sdk::EniView(raw), {}, {}).others, ElementsAre(ip("10.0.1.7")));
}

Options services() {
    Options options;
    options.service_cidrs = {prefix("172.21.0.0/16"), prefix("fd00:21::/112")};
    options.host_stack_cidrs = {prefix("169.254.20.10/32")};
    return options;
}

std::vector<Filter> wanted(const Options& options = services()) {
    return steering(make({"10.0.1.0/24", "fd00:1::/64"}, options), 9);
}

// As the kernel would list them.
std::vector<Filter> listed(std::vector<Filter> filters) {
    std::uint32_t handle = 0;
    for (auto& filter : filters) {
        filter.handle = ++handle;
    }
    return filters;
}

TEST(IpvlanEniPlan, TheHostsSlaveIsNamedByTheEniAndHasTheNodesAddresses) {
    const auto plan = make({"10.0.1.0/24", "fd00:1::/64"}, {});
    EXPECT_EQ(plan.slave, "ipvl_3");
    EXPECT_EQ(plan.mtu, 8500U);
    EXPECT_THAT(plan.addresses, ElementsAre(prefix("10.0.0.10/32"), prefix("fd00:10::10/128")));
}

TEST(IpvlanEniPlan, ServicesHostStackAndTheNodeItselfAreSteeredInBothFamilies) {
    EXPECT_THAT(make({"10.0.1.0/24", "fd00:1::/64"}, services()).steered,
                UnorderedElementsAre(prefix("10.0.0.10/32"), prefix("fd00:10::10/128"),
                                     prefix("172.21.0.0/16"), prefix("fd00:21::/112"),
                                     prefix("169.254.20.10/32")));
}

TEST(IpvlanEniPlan, AnEniOfOneFamilySteersThatFamilyAlone) {
    const auto plan = make({"10.0.1.0/24"}, services());
    EXPECT_FALSE(plan.has_v6());
    EXPECT_THAT(plan.addresses, ElementsAre(prefix("10.0.0.10/32")));
    EXPECT_THAT(plan.steered, UnorderedElementsAre(prefix("10.0.0.10/32"), prefix("172.21.0.0/16"),
                                                   prefix("169.254.20.10/32")));
}

TEST(IpvlanEniPlan, ADestinationNamedTwiceIsSteeredOnce) {
    auto options = services();
    options.host_stack_cidrs.push_back(prefix("172.21.0.0/16"));
    options.host_stack_cidrs.push_back(prefix("10.0.0.10/32"));
    EXPECT_EQ(make({"10.0.1.0/24", "fd00:1::/64"}, options).steered,
              make({"10.0.1.0/24", "fd00:1::/64"}, services()).steered);
}

TEST(IpvlanEniPlan, AFilterSendsItsDestinationToTheHostsSlave) {
    for (const auto& filter : wanted()) {
        const bool v4 = filter.destination->is_v4();
        EXPECT_EQ(filter.hook, Hook::Egress);
        EXPECT_EQ(filter.priority, v4 ? 40000 : 40001);
        EXPECT_EQ(filter.protocol, v4 ? ETH_P_IP : ETH_P_IPV6);
        ASSERT_THAT(filter.actions, SizeIs(3));
        EXPECT_EQ(filter.actions.back(), (Action{Action::Kind::RedirectIngress, 9}));
    }
}

TEST(IpvlanEniPlan, WhatIsThereStays) {
    EXPECT_TRUE(change(listed(wanted()), wanted()).empty());
    EXPECT_TRUE(change({}, {}).empty());
}

TEST(IpvlanEniPlan, WhatIsMissingIsAddedAndWhatIsStaleRemoved) {
    auto other = services();
    other.service_cidrs[0] = prefix("192.168.0.0/16");
    const auto needed = change(listed(wanted()), wanted(other));
    ASSERT_THAT(needed.add, SizeIs(1));
    EXPECT_EQ(needed.add[0].destination, prefix("192.168.0.0/16"));
    ASSERT_THAT(needed.remove, SizeIs(1));
    EXPECT_EQ(needed.remove[0].destination, prefix("172.21.0.0/16"));
    EXPECT_NE(needed.remove[0].handle, 0U);
}

TEST(IpvlanEniPlan, AFilterThatLeadsToAnotherLinkIsReplaced) {
    const auto stale = listed(steering(make({"10.0.1.0/24", "fd00:1::/64"}, services()), 8));
    const auto needed = change(stale, wanted());
    EXPECT_EQ(needed.add.size(), wanted().size());
    EXPECT_EQ(needed.remove.size(), stale.size());
}

TEST(IpvlanEniPlan, ASecondOneOfTheSameGoes) {
    auto found = wanted();
    found.push_back(found.front());
    const auto needed = change(listed(found), wanted());
    EXPECT_THAT(needed.add, IsEmpty());
    EXPECT_THAT(needed.remove, SizeIs(1));
}

TEST(IpvlanEniPlan, FiltersOfOtherPrioritiesAreOthersAffair) {
    std::vector<Filter> found;
    for (const int priority : {20000, 25000, 39999, 40002, 50001}) {
        Filter filter;
        filter.priority = static_cast<std::uint16_t>(priority);
        found.push_back(filter);
    }
    Filter ingress;
    ingress.hook = Hook::Ingress;
    ingress.priority = kSteerV4;
    found.push_back(ingress);
    EXPECT_TRUE(change(found, {}).empty());
}

}  // namespace
}  // namespace terway::ipvlan
