#include "endpoint/outcome.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cni/failure.hpp"

namespace terway::endpoint {
namespace {

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

EndpointRecord record() {
    EndpointRecord made;
    made.spec.key = {"c1", "eth0"};
    made.spec.addresses = {prefix("172.20.1.5/32"), prefix("fd00::5/128")};
    Attachment attachment;
    attachment.host_ifname = "cali1";
    attachment.host_mac = *Mac::parse("ee:ee:ee:ee:ee:ee");
    attachment.pod_mac = *Mac::parse("02:00:00:00:00:05");
    attachment.mtu = 1400;
    attachment.gateways = {prefix("169.254.1.1/32"), prefix("fe80::1/128")};
    made.attachment = attachment;
    return made;
}

cni::Request request() {
    cni::Request made;
    made.container_id = "c1";
    made.ifname = "eth0";
    made.netns = "/run/netns/p";
    return made;
}

TEST(Outcome, ListsTheHostEndAndThePodEndWithMacMtuAndSandbox) {
    const auto result = result_of(record(), request());
    ASSERT_EQ(result.interfaces.size(), 2U);
    EXPECT_EQ(result.interfaces[0].name, "cali1");
    EXPECT_EQ(result.interfaces[0].sandbox, "");
    EXPECT_EQ(result.interfaces[1].name, "eth0");
    EXPECT_EQ(result.interfaces[1].sandbox, "/run/netns/p");
    EXPECT_EQ(result.interfaces[1].mac, "02:00:00:00:00:05");
    EXPECT_EQ(result.interfaces[1].mtu, 1400U);
}

TEST(Outcome, GivesEachAddressItsGatewayAndADefaultRoute) {
    const auto result = result_of(record(), request());
    ASSERT_EQ(result.ips.size(), 2U);
    EXPECT_EQ(result.ips[0].gateway->text(), "169.254.1.1");
    EXPECT_EQ(result.ips[1].gateway->text(), "fe80::1");
    EXPECT_EQ(result.ips[0].interface, 1U);
    ASSERT_EQ(result.routes.size(), 2U);
    EXPECT_EQ(result.routes[0].dst, prefix("0.0.0.0/0"));
    EXPECT_EQ(result.routes[1].dst, prefix("::/0"));
}

TEST(Outcome, OfALinkWithoutAHostEndHasOneInterface) {
    auto exclusive = record();
    exclusive.attachment->host_ifname.clear();
    const auto result = result_of(exclusive, request());
    ASSERT_EQ(result.interfaces.size(), 1U);
    EXPECT_EQ(result.ips[0].interface, 0U);
}

TEST(Outcome, PrefersTheDnsOfTheRuntime) {
    auto asked = request();
    asked.config.dns.nameservers = {"10.0.0.2"};
    EXPECT_EQ(result_of(record(), asked).dns.nameservers.front(), "10.0.0.2");
    asked.config.runtime.dns.nameservers = {"10.0.0.3"};
    EXPECT_EQ(result_of(record(), asked).dns.nameservers.front(), "10.0.0.3");
}

TEST(Outcome, ACheckAcceptsThePreviousResultOfAnAddAndNoOther) {
    auto asked = request();
    asked.config.previous = result_of(record(), asked);
    compare_with_previous(record(), asked);

    auto without_address = asked;
    without_address.config.previous->ips.pop_back();
    EXPECT_THROW(compare_with_previous(record(), without_address), cni::CniError);

    auto without_interface = asked;
    without_interface.config.previous->interfaces.clear();
    EXPECT_THROW(compare_with_previous(record(), without_interface), cni::CniError);

    auto without_anything = asked;
    without_anything.config.previous.reset();
    EXPECT_THROW(compare_with_previous(record(), without_anything), cni::CniError);
}

}  // namespace
}  // namespace terway::endpoint
