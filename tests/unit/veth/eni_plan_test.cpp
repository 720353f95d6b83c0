#include "eni_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "netlink/nic.hpp"
#include "terway/error.hpp"

namespace terway::veth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}
IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

const NodeFacts kNode{.mtu = 8500, .addresses = {ip("10.0.0.10"), ip("fd00::10")}};

EniPlan make(const std::vector<const char*>& subnets, const std::vector<const char*>& gateways) {
    std::vector<twy_prefix> raw_subnets;
    std::vector<twy_prefix> raw_gateways;
    for (const auto* each : subnets) {
        raw_subnets.push_back(prefix(each).to_abi());
    }
    for (const auto* each : gateways) {
        raw_gateways.push_back(Prefix::host(ip(each)).to_abi());
    }
    auto eni = sdk::sized<twy_eni>();
    eni.id = sdk::str("eni-1");
    eni.ifindex = 3;
    eni.mac[5] = 7;
    eni.subnets = raw_subnets.data();
    eni.subnet_count = raw_subnets.size();
    eni.gateways = raw_gateways.data();
    eni.gateway_count = raw_gateways.size();
    return plan_eni(sdk::EniView(eni), kNode);
}

Plan pod(const std::vector<const char*>& addresses, std::uint32_t eni_ifindex,
         std::uint8_t eni_mac = 7) {
    std::vector<twy_prefix> raw;
    for (const auto* address : addresses) {
        raw.push_back(prefix(address).to_abi());
    }
    auto endpoint = sdk::sized<twy_endpoint>();
    endpoint.netns_fd = -1;
    endpoint.container_id = sdk::str("c1");
    endpoint.ifname = sdk::str("eth0");
    endpoint.host_ifname = sdk::str("cali0123456789a");
    endpoint.addresses = raw.data();
    endpoint.address_count = raw.size();
    endpoint.eni_ifindex = eni_ifindex;
    endpoint.eni_mac[5] = eni_mac;
    return plan(sdk::EndpointView(endpoint), kNode);
}

TEST(VethEniPlan, TheTableOfAnEniLeadsToTheGatewayOfEachFamily) {
    const auto plan = make({"10.0.1.0/24", "fd00:1::/64"}, {"10.0.1.253", "fe80::253"});
    EXPECT_EQ(plan.table, 1003U);
    ASSERT_EQ(plan.routes.size(), 3U);
    EXPECT_EQ(plan.routes[0].destination, prefix("0.0.0.0/0"));
    EXPECT_EQ(plan.routes[0].gateway, ip("10.0.1.253"));
    EXPECT_TRUE(plan.routes[0].onlink);
    EXPECT_EQ(plan.routes[1].destination, prefix("fe80::253/128")) << "the gateway itself, first";
    EXPECT_FALSE(plan.routes[1].gateway);
    EXPECT_EQ(plan.routes[2].gateway, ip("fe80::253"));
    for (const auto& route : plan.routes) {
        EXPECT_EQ(route.table, 1003U);
        EXPECT_EQ(route.oif, 3U);
    }
}

TEST(VethEniPlan, TheEniGetsTheNodesAddressOfTheFamiliesItHas) {
    EXPECT_THAT(make({"10.0.1.0/24"}, {"10.0.1.253"}).addresses,
                ElementsAre(prefix("10.0.0.10/32")));
    EXPECT_THAT(make({"10.0.1.0/24", "fd00:1::/64"}, {"10.0.1.253", "fe80::253"}).addresses,
                ElementsAre(prefix("10.0.0.10/32"), prefix("fd00::10/128")));
}

TEST(VethEniPlan, AnEniWithoutAGatewayInASubnetIsRefusedByName) {
    try {
        (void)make({"10.0.1.0/24", "fd00:1::/64"}, {"10.0.1.253"});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Invalid);
        EXPECT_THAT(error.what(), HasSubstr("eni-1 has no gateway in subnet fd00:1::/64"));
    }
}

TEST(VethEniPlan, OnlyAddressesOfItsSubnetsThatAreNotTheNodesAreForeign) {
    const auto plan = make({"10.0.0.0/24"}, {"10.0.0.253"});
    const auto foreign = [&](const char* address) {
        return netlink::is_foreign(prefix(address), plan.subnets, plan.addresses);
    };
    EXPECT_TRUE(foreign("10.0.0.77/24")) << "from a DHCP server";
    EXPECT_FALSE(foreign("10.0.0.10/32")) << "the node's own";
    EXPECT_FALSE(foreign("192.168.0.1/24")) << "a person's";
}

TEST(VethEniPlan, APodOfAnEniHasTwoRulesAnAddress) {
    const auto rules = host_rules(pod({"10.0.1.5/32", "fd00:1::5/128"}, 3));
    ASSERT_EQ(rules.size(), 4U);
    for (std::size_t i = 0; i < rules.size(); i += 2) {
        EXPECT_EQ(rules[i].priority, 512U);
        EXPECT_EQ(rules[i].table, 254U) << "to the pod by the main table";
        EXPECT_FALSE(rules[i].source);
        EXPECT_EQ(rules[i + 1].priority, 2048U);
        EXPECT_EQ(rules[i + 1].table, 1003U);
        EXPECT_EQ(rules[i + 1].source, rules[i].destination);
    }
    EXPECT_EQ(rules[0].family, Family::V4);
    EXPECT_EQ(rules[2].family, Family::V6);
}

TEST(VethEniPlan, TheHostSpeaksToAPodAsTheNode) {
    const auto routes = host_routes(pod({"10.0.1.5/32", "fd00:1::5/128"}, 3), 9);
    ASSERT_EQ(routes.size(), 2U);
    EXPECT_EQ(routes[0].source, ip("10.0.0.10"));
    EXPECT_EQ(routes[1].source, ip("fd00::10"));
}

TEST(VethEniPlan, RulesOfAPodWhoseEniNobodyRemembersLeadAnywhere) {
    const auto rules = host_rules(pod({"10.0.1.5/32"}, 0));
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_EQ(rules[1].table, 0U);
}

TEST(VethEniPlan, APodWithoutAnEniHasNoRulesAndSeesNoAddressOfTheNode) {
    const auto plan = pod({"172.20.1.5/32"}, 0, 0);
    EXPECT_FALSE(plan.by_rules);
    EXPECT_THAT(host_rules(plan), IsEmpty());
    EXPECT_FALSE(host_routes(plan, 9).at(0).source);
}

TEST(VethEniPlan, AnEniIsKnownByItsIndexToRecordsThatHaveNoMac) {
    EXPECT_TRUE(pod({"10.0.1.5/32"}, 3, 0).by_rules);
}

}  // namespace
}  // namespace terway::veth
