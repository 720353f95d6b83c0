#include "plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "terway/error.hpp"

namespace terway::veth {
namespace {

using ::testing::HasSubstr;

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

Plan make(const std::string& container, const std::vector<const char*>& addresses,
          std::uint32_t mtu = 0, const std::string& ifname = "eth0", bool guarded = true) {
    std::vector<twy_prefix> raw;
    for (const auto* address : addresses) {
        raw.push_back(prefix(address).to_abi());
    }
    auto endpoint = sdk::sized<twy_endpoint>();
    endpoint.netns_fd = -1;
    endpoint.container_id = sdk::str(container);
    endpoint.ifname = sdk::str(ifname);
    endpoint.host_ifname = sdk::str("cali0123456789a");
    endpoint.addresses = raw.data();
    endpoint.address_count = raw.size();
    endpoint.mtu = mtu;
    return plan(sdk::EndpointView(endpoint), {.mtu = 8500, .guarded = guarded});
}

TEST(VethPlan, RoutesTheDefaultThroughALinkLocalGatewayOfEachFamily) {
    const auto made = make("c1", {"172.20.1.5/32", "fd00::5/128"});
    const auto routes = pod_routes(made, 7);
    ASSERT_EQ(routes.size(), 2U);
    EXPECT_EQ(routes[0].destination, prefix("0.0.0.0/0"));
    EXPECT_EQ(routes[0].gateway->text(), "169.254.1.1");
    EXPECT_TRUE(routes[0].onlink);
    EXPECT_EQ(routes[1].destination, prefix("::/0"));
    EXPECT_EQ(routes[1].gateway->text(), "fe80::1");
    EXPECT_EQ(routes[1].oif, 7U);
}

TEST(VethPlan, NamesTheHostEndAsNeighbourOfEveryGateway) {
    const auto made = make("c1", {"172.20.1.5/32"});
    EXPECT_THAT(pod_neighbours(made, 7), ::testing::ElementsAre(netlink::Neighbour{
                                             7, *IpAddress::parse("169.254.1.1"), kHostMac}));
    EXPECT_THAT(host_neighbours(made, 9), ::testing::ElementsAre(netlink::Neighbour{
                                              9, *IpAddress::parse("172.20.1.5"), made.pod_mac}));
    EXPECT_FALSE(made.has_v6());
}

TEST(VethPlan, DerivesAMacFromTheKeyThatIsLocalUnicastAndStable) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto mac = make("container-" + std::to_string(i), {}).pod_mac;
        EXPECT_EQ(mac.bytes[0] & 0x03U, 0x02U) << mac.text();
        seen.insert(mac.text());
    }
    EXPECT_EQ(seen.size(), 1000U);
    EXPECT_EQ(make("c1", {}).pod_mac, make("c1", {}).pod_mac);
    EXPECT_NE(make("c1", {}).pod_mac, make("c1", {}, 0, "net1").pod_mac);
}

TEST(VethPlan, LeavesSourcesToTheGuardOnlyIfThereIsOne) {
    EXPECT_TRUE(make("c1", {"172.20.1.5/32"}).guarded);
    EXPECT_FALSE(make("c1", {"172.20.1.5/32"}, 0, "eth0", false).guarded);
}

TEST(VethPlan, TakesTheMtuOfTheEndpointBeforeTheDefault) {
    EXPECT_EQ(make("c1", {}, 1400).mtu, 1400U);
    EXPECT_EQ(make("c1", {}).mtu, 8500U);
}

TEST(VethPlan, RefusesAnAddressThatIsNoHostPrefix) {
    try {
        (void)make("c1", {"172.20.1.5/24"});
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Invalid);
        EXPECT_THAT(error.what(), HasSubstr("172.20.1.5/24"));
    }
}

TEST(VethPlan, RefusesTwoAddressesOfOneFamily) {
    EXPECT_THROW((void)make("c1", {"172.20.1.5/32", "172.20.1.6/32"}), Error);
}

TEST(VethPlan, RefusesANameNoLinkCanHave) {
    EXPECT_THROW((void)make("c1", {}, 0, "a-name-too-long-for-a-link"), Error);
    EXPECT_THROW((void)make("c1", {}, 0, ""), Error);
}

}  // namespace
}  // namespace terway::veth
