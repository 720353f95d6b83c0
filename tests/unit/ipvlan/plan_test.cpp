#include "plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "terway/error.hpp"
#include "terway/testing/endpoint.hpp"

namespace terway::ipvlan {
namespace {

using sdk::testing::EndpointBuilder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}
IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

const Mac kMac{{0x02, 0, 0, 0, 0, 0x07}};

NodeFacts node() {
    return {.mtu = 8500, .addresses = {ip("10.0.0.10"), ip("fd00:10::10")}};
}

EndpointBuilder dual(const std::string& container = "c1") {
    EndpointBuilder endpoint(container, "eth0");
    endpoint.eni(3).eni_mac(kMac.bytes).eni_id("eni-1");
    endpoint.address("10.0.1.5").address("fd00:1::5");
    endpoint.subnet("10.0.1.0/24").subnet("fd00:1::/64");
    endpoint.gateway("10.0.1.253").gateway("fd00:1::fd");
    return endpoint;
}

Plan make(const EndpointBuilder& endpoint) {
    const auto raw = endpoint.raw();
    return plan(sdk::EndpointView(raw), node());
}

std::string refusal(const EndpointBuilder& endpoint) {
    try {
        expect_on_eni(make(endpoint));
        return "";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Invalid);
        return error.what();
    }
}

TEST(IpvlanPlan, APodHasItsAddressesWithTheLengthOfTheirSubnets) {
    EXPECT_THAT(pod_addresses(make(dual())),
                ElementsAre(prefix("10.0.1.5/24"), prefix("fd00:1::5/64")));
}

TEST(IpvlanPlan, APodLeavesThroughTheGatewaysOfTheVpc) {
    const auto routes = pod_default_routes(make(dual()), 7);
    ASSERT_EQ(routes.size(), 2U);
    EXPECT_EQ(routes[0].destination, prefix("0.0.0.0/0"));
    EXPECT_EQ(routes[0].gateway, ip("10.0.1.253"));
    EXPECT_EQ(routes[1].destination, prefix("::/0"));
    EXPECT_EQ(routes[1].gateway, ip("fd00:1::fd"));
    EXPECT_TRUE(routes[0].onlink && routes[1].onlink);
    EXPECT_EQ(routes[1].oif, 7U);
}

TEST(IpvlanPlan, APodReachesTheNodeOnLinkAtTheMacOfTheEni) {
    const auto made = make(dual());
    const auto routes = pod_node_routes(made, 7);
    ASSERT_EQ(routes.size(), 2U);
    EXPECT_EQ(routes[0].destination, prefix("10.0.0.10/32"));
    EXPECT_EQ(routes[0].scope, RT_SCOPE_LINK);
    EXPECT_EQ(routes[1].destination, prefix("fd00:10::10/128"));
    EXPECT_THAT(pod_neighbours(made, 7),
                ElementsAre(netlink::Neighbour{7, ip("10.0.0.10"), kMac},
                            netlink::Neighbour{7, ip("fd00:10::10"), kMac}));
}

TEST(IpvlanPlan, TheNodeReachesAPodAsItself) {
    const auto made = make(dual());
    const auto routes = host_routes(made, 9);
    ASSERT_EQ(routes.size(), 2U);
    EXPECT_EQ(routes[0].destination, prefix("10.0.1.5/32"));
    EXPECT_EQ(routes[0].source, ip("10.0.0.10"));
    EXPECT_EQ(routes[1].source, ip("fd00:10::10"));
    for (const auto& route : routes) {
        EXPECT_EQ(route.oif, 9U);
        EXPECT_EQ(route.priority, made.metric);
    }
}

TEST(IpvlanPlan, AMetricIsOfTheKeyAloneAndNeverZero) {
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 200; ++i) {
        seen.insert(make(dual("c" + std::to_string(i))).metric);
    }
    EXPECT_EQ(seen.size(), 200U);
    EXPECT_EQ(make(EndpointBuilder("c7", "eth0")).metric, make(dual("c7")).metric);
    EXPECT_NE(make(EndpointBuilder("c7", "eth1")).metric, make(dual("c7")).metric);
    EXPECT_FALSE(seen.contains(0));
}

TEST(IpvlanPlan, OneFamilyKnowsNothingOfTheOther) {
    EndpointBuilder endpoint("c1", "eth0");
    endpoint.eni(3).eni_mac(kMac.bytes).eni_id("eni-1").address("10.0.1.5");
    endpoint.subnet("10.0.1.0/24").subnet("fd00:1::/64");
    endpoint.gateway("10.0.1.253").gateway("fd00:1::fd");
    const auto made = make(endpoint);
    EXPECT_FALSE(made.has_v6());
    EXPECT_EQ(pod_default_routes(made, 7).size(), 1U);
    EXPECT_THAT(made.node, ElementsAre(ip("10.0.0.10")));
}

TEST(IpvlanPlan, AnEndpointOnNoEniIsRefusedWithTheRemedy) {
    EndpointBuilder endpoint("c1", "eth0");
    endpoint.address("172.20.1.5");
    EXPECT_THAT(refusal(endpoint), HasSubstr("source = \"eni\""));
    EXPECT_EQ(refusal(dual()), "");
}

TEST(IpvlanPlan, AnAddressWithoutASubnetOrAGatewayIsRefusedByName) {
    auto outside = dual();
    outside.address("10.0.9.9");
    EndpointBuilder lonely("c1", "eth0");
    lonely.eni(3).eni_mac(kMac.bytes).eni_id("eni-1").address("10.0.9.9");
    lonely.subnet("10.0.1.0/24").gateway("10.0.1.253");
    EXPECT_THAT(refusal(lonely), HasSubstr("ENI eni-1 has no subnet with a gateway for 10.0.9.9"));
    EXPECT_THAT(refusal(outside), HasSubstr("two addresses of one family"));
}

TEST(IpvlanPlan, AKeyAloneIsEnoughToFindWhatIsLeft) {
    const auto made = make(EndpointBuilder("c1", "eth0"));
    EXPECT_THAT(made.addresses, IsEmpty());
    EXPECT_THAT(host_routes(made, 0), IsEmpty());
    EXPECT_EQ(made.alias, "terway c1/eth0");
}

TEST(IpvlanPlan, ALinkNameTooLongIsRefused) {
    EndpointBuilder endpoint("c1", "averyveryverylongname");
    EXPECT_THROW((void)make(endpoint), Error);
}

TEST(IpvlanPlan, AMemoryIsReadBackAndRubbishRemembersNothing) {
    const auto memory = Memory::parse(Memory{17, 1500}.text());
    EXPECT_EQ(memory.pod_ifindex, 17U);
    EXPECT_EQ(memory.mtu, 1500U);
    for (const auto* rubbish : {"", "17", "17 x", "x 1500", "17 1500 1"}) {
        EXPECT_EQ(Memory::parse(rubbish).pod_ifindex, 0U) << rubbish;
    }
}

}  // namespace
}  // namespace terway::ipvlan
