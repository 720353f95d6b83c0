#include "plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "terway/error.hpp"
#include "terway/testing/endpoint.hpp"

namespace terway::eni_exclusive {
namespace {

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

NodeFacts facts() {
    NodeFacts node;
    node.mtu = 8500;
    node.addresses = {*IpAddress::parse("10.0.0.2"), *IpAddress::parse("fd00::2")};
    node.beyond_peer = {prefix("192.168.0.0/16"), prefix("fd10::/112"), prefix("192.168.0.0/16")};
    return node;
}

sdk::testing::EndpointBuilder endpoint(const std::string& ifname = "eth0") {
    return sdk::testing::EndpointBuilder("c1", ifname)
        .address("10.0.1.10")
        .gateway("10.0.1.1")
        .eni_mac({2, 0, 0, 0xab, 0, 1})
        .eni_id("eni-1");
}

Plan make(const sdk::testing::EndpointBuilder& from, const NodeFacts& node = facts()) {
    const auto raw = from.raw();
    return plan(sdk::EndpointView(raw), node);
}

std::vector<std::string> destinations(const std::vector<netlink::Route>& routes) {
    std::vector<std::string> all;
    for (const auto& route : routes) {
        all.push_back(route.destination.text() +
                      (route.gateway ? " via " + route.gateway->text() : ""));
    }
    return all;
}

TEST(ExclusivePlan, LeadsTheDefaultThroughTheVpcOnTheEni) {
    const auto made = make(endpoint().address("fd01::10").gateway("fd01::1"));
    const auto routes = eni_routes(made, 7);
    EXPECT_THAT(destinations(routes),
                testing::ElementsAre("0.0.0.0/0 via 10.0.1.1", "fd01::1/128", "::/0 via fd01::1"));
    EXPECT_TRUE(routes[0].onlink);
    EXPECT_EQ(routes[2].oif, 7U);
}

TEST(ExclusivePlan, LeadsTheNodeAndServicesThroughThePeerInTheFamiliesOfThePod) {
    EXPECT_THAT(destinations(peer_routes(make(endpoint()), 8)),
                testing::ElementsAre("169.254.1.1/32", "10.0.0.2/32 via 169.254.1.1",
                                     "192.168.0.0/16 via 169.254.1.1"));
    EXPECT_THAT(destinations(peer_routes(make(endpoint().address("fd01::10")), 8)),
                testing::IsSupersetOf({"fd00::2/128 via fe80::1", "fd10::/112 via fe80::1"}));
}

TEST(ExclusivePlan, LeadsTheNodeToThePodByARuleButNotThePodOut) {
    const auto rules = host_rules(make(endpoint()).pair);
    ASSERT_EQ(rules.size(), 1U);
    EXPECT_EQ(rules[0].priority, 512U);
    EXPECT_EQ(rules[0].destination, prefix("10.0.1.10/32"));
    EXPECT_EQ(host_routes(make(endpoint()).pair, 5)[0].source, *IpAddress::parse("10.0.0.2"));
}

TEST(ExclusivePlan, NamesThePeerAfterTheLinkItStandsBeside) {
    EXPECT_EQ(make(endpoint()).pair.pod_ifname, "veth1");
    EXPECT_EQ(make(endpoint("net1")).pair.pod_ifname, "vnet1");
    EXPECT_THROW((void)make(endpoint("fifteen-letters")), Error);
}

TEST(ExclusivePlan, RemembersWhetherThePodCameWithAPeer) {
    auto node = facts();
    node.host_peer = false;
    EXPECT_FALSE(make(endpoint(), node).has_peer);
    EXPECT_TRUE(make(endpoint().state(Memory{4, 5}.text()), node).has_peer);
    EXPECT_FALSE(make(endpoint().state(Memory{4, 0}.text())).has_peer);
}

TEST(ExclusivePlan, TakesTheMtuOfTheEndpointForThePodAndTheNodesForHome) {
    const auto made = make(endpoint().mtu(1400));
    EXPECT_EQ(made.mtu, 1400U);
    EXPECT_EQ(made.home_mtu, 8500U);
}

TEST(ExclusiveMark, SaysWhoHasTheEniAndWhatItIsCalledAtHome) {
    const auto mark = Mark::parse(Mark{"terway c1/eth0", "ens5"}.text());
    ASSERT_TRUE(mark);
    EXPECT_EQ(mark->owner, "terway c1/eth0");
    EXPECT_EQ(mark->home_name, "ens5");
}

TEST(ExclusiveMark, IsNotWhatOthersWriteOnLinks) {
    EXPECT_FALSE(Mark::parse(""));
    EXPECT_FALSE(Mark::parse("terway c1/eth0"));
    EXPECT_FALSE(Mark::parse("the way home eth0"));
}

TEST(ExclusiveMark, RefusesAKeyTooLongForIt) {
    EXPECT_THROW((void)make(sdk::testing::EndpointBuilder(std::string(240, 'c'))), Error);
}

TEST(ExclusivePlan, SpareNamesFitAndDiffer) {
    EXPECT_EQ(spare_name({{2, 0, 0, 0xab, 0, 1}}), "eni020000ab0001");
}

TEST(ExclusivePlan, ForgetsNothingOfItsMemoryAndReadsAnEmptyOne) {
    const auto memory = Memory::parse(Memory{12, 34}.text());
    EXPECT_EQ(memory.eni_ifindex, 12U);
    EXPECT_EQ(memory.peer_ifindex, 34U);
    EXPECT_EQ(Memory::parse("").eni_ifindex, 0U);
}

}  // namespace
}  // namespace terway::eni_exclusive
