#include <algorithm>
#include <random>
#include <set>

#include "cloud_fixture.hpp"

namespace terway::sim {
namespace {

Settings slow() {
    Settings settings;
    settings.create = {1s, 1s};
    settings.attach = {3s, 3s};
    settings.detach = {2s, 2s};
    settings.remove = {1s, 1s};
    return settings;
}

class SlowCloud : public CloudTest {
protected:
    SlowCloud() : CloudTest(slow()) {}
};
class FastCloud : public CloudTest {};

TEST_F(SlowCloud, AnEniGoesThroughAllItsStates) {
    const auto eni = created();
    EXPECT_EQ(status(eni), "Creating");
    now_ += 1s;
    EXPECT_EQ(status(eni), "Available");
    EXPECT_EQ(attach(eni).status, 200U);
    EXPECT_EQ(status(eni), "Attaching");
    EXPECT_FALSE(cloud_.model().eni(eni).attachment);
    now_ += 2999ms;
    EXPECT_EQ(status(eni), "Attaching");
    now_ += 1ms;
    EXPECT_EQ(status(eni), "InUse");
    EXPECT_EQ(cloud_.model().eni(eni).attachment->device, 1U);
    EXPECT_EQ(detach(eni).status, 200U);
    EXPECT_EQ(status(eni), "Detaching");
    now_ += 2s;
    EXPECT_EQ(status(eni), "Available");
    EXPECT_EQ(remove(eni).status, 200U);
    EXPECT_EQ(status(eni), "Deleting");
    now_ += 1s;
    EXPECT_EQ(status(eni), "");
    EXPECT_FALSE(cloud_.next_event());
}

TEST_F(SlowCloud, TheWrongStateRefusesWithItsCode) {
    const auto eni = created();
    EXPECT_EQ(attach(eni).code, "InvalidOperation.InvalidEniState");
    EXPECT_EQ(remove(eni).code, "InvalidOperation.InvalidEniState");
    EXPECT_EQ(assign(eni, {{"SecondaryPrivateIpAddressCount", "1"}}).code,
              "InvalidOperation.InvalidEniState");
    now_ += 1s;
    EXPECT_EQ(detach(eni).code, "InvalidOperation.InvalidEniState");
    attach(eni);
    EXPECT_EQ(attach(eni).code, "InvalidOperation.InvalidEniState");
    now_ += 3s;
    EXPECT_EQ(remove(eni).code, "InvalidOperation.InvalidEniState");
    EXPECT_EQ(detach(eni, "i-b").code, "InvalidOperation.InvalidEniState");
    detach(eni);
    EXPECT_EQ(detach(eni).status, 200U) << "a stuck one may be detached again";
}

TEST_F(SlowCloud, NextEventTellsWhenTheNextTransitionEnds) {
    created();
    EXPECT_EQ(cloud_.next_event(), now_ + 1s);
}

TEST_F(FastCloud, WhatDoesNotExistIsNotFound) {
    EXPECT_EQ(attach("eni-no").code, "InvalidEniId.NotFound");
    EXPECT_EQ(detach("eni-no").status, 404U);
    EXPECT_EQ(remove("eni-no").code, "InvalidEniId.NotFound");
    EXPECT_EQ(attach(created(), "i-no").code, "InvalidEcsId.NotFound");
    EXPECT_EQ(create({{"VSwitchId", "vsw-no"}}).code, "InvalidVSwitchId.NotFound");
    EXPECT_EQ(create({{"SecurityGroupId", "no"}}).code, "InvalidSecurityGroupId.NotFound");
    EXPECT_EQ(status("eni-no"), "");
    EXPECT_EQ(code_of("DescribeNetworkInterfaceAttribute", {{"NetworkInterfaceId", "eni-no"}}),
              "InvalidEniId.NotFound");
}

TEST_F(FastCloud, CreationGivesAddressesOfBothFamiliesTagsAndNames) {
    const auto told = create({{"SecondaryPrivateIpAddressCount", "3"},
                              {"Ipv6AddressCount", "2"},
                              {"Tag.1.Key", "creator"},
                              {"Tag.1.Value", "terway"},
                              {"NetworkInterfaceName", "n"},
                              {"SourceDestCheck", "false"}});
    EXPECT_EQ(told.text("/Status"), "Available");
    EXPECT_EQ(told.text("/Type"), "Secondary");
    EXPECT_EQ(told.size("/PrivateIpSets/PrivateIpSet"), 4U);
    EXPECT_TRUE(told.body.at_pointer("/PrivateIpSets/PrivateIpSet/0/Primary").as_bool());
    EXPECT_EQ(told.text("/PrivateIpSets/PrivateIpSet/0/PrivateIpAddress"),
              told.text("/PrivateIpAddress"));
    EXPECT_EQ(told.size("/Ipv6Sets/Ipv6Set"), 2U);
    EXPECT_EQ(told.text("/Tags/Tag/0/TagValue"), "terway");
    EXPECT_FALSE(told.body.at_pointer("/SourceDestCheck").as_bool());
}

TEST_F(FastCloud, NamedAddressesAreTakenAsTheyAre) {
    const auto told = create({{"PrimaryIpAddress", "10.0.0.50"},
                              {"PrivateIpAddress.1", "10.0.0.60"},
                              {"PrivateIpAddress.2", "10.0.0.61"}});
    EXPECT_EQ(told.text("/PrivateIpAddress"), "10.0.0.50");
    EXPECT_EQ(told.text("/PrivateIpSets/PrivateIpSet/2/PrivateIpAddress"), "10.0.0.61");
    EXPECT_EQ(create({{"PrimaryIpAddress", "10.0.0.60"}}).code, "InvalidIp.IpAssigned");
    EXPECT_EQ(create({{"PrimaryIpAddress", "10.0.0.253"}}).code, "InvalidVSwitchId.IpInvalid");
    EXPECT_EQ(
        create({{"PrivateIpAddress.1", "10.0.0.70"}, {"PrivateIpAddress.2", "10.0.0.70"}}).code,
        "InvalidIp.IpRepeated");
    EXPECT_EQ(create({{"PrimaryIpAddress", "ten"}}).code, "InvalidIp.Address");
}

TEST_F(FastCloud, WaysToAskForAddressesExcludeEachOther) {
    EXPECT_EQ(create({{"SecondaryPrivateIpAddressCount", "1"}, {"Ipv4PrefixCount", "1"}}).code,
              "InvalidParameter.Conflict");
    EXPECT_EQ(assign(created(), {}).code, "MissingParameter");
}

TEST_F(FastCloud, AssignsAndUnassigns) {
    const auto eni = created();
    const auto told = assign(eni, {{"SecondaryPrivateIpAddressCount", "2"}});
    ASSERT_EQ(told.size("/AssignedPrivateIpAddressesSet/PrivateIpSet/PrivateIpAddress"), 2U);
    const auto first = told.text("/AssignedPrivateIpAddressesSet/PrivateIpSet/PrivateIpAddress/0");
    EXPECT_EQ(cloud_.model().owner(ip(first))->id, eni);
    const Parameters what{{"NetworkInterfaceId", eni}, {"PrivateIpAddress.1", first}};
    EXPECT_EQ(call("UnassignPrivateIpAddresses", what).status, 200U);
    EXPECT_EQ(cloud_.model().owner(ip(first)), nullptr);
    EXPECT_EQ(call("UnassignPrivateIpAddresses", what).code, "InvalidIp.IpUnassigned");
    const auto primary = cloud_.model().eni(eni).primary.text();
    EXPECT_EQ(code_of("UnassignPrivateIpAddresses",
                      {{"NetworkInterfaceId", eni}, {"PrivateIpAddress.1", primary}}),
              "InvalidIp.IpUnassigned");
}

TEST_F(FastCloud, AssignsPrefixesOfBothFamilies) {
    const auto eni = created();
    const auto four = assign(eni, {{"Ipv4PrefixCount", "2"}});
    ASSERT_EQ(four.size("/AssignedPrivateIpAddressesSet/Ipv4PrefixSet/Ipv4Prefixes"), 2U);
    const auto prefix4 = four.text("/AssignedPrivateIpAddressesSet/Ipv4PrefixSet/Ipv4Prefixes/0");
    EXPECT_EQ(prefix(prefix4).length(), 28);
    EXPECT_EQ(cloud_.model().owner(prefix(prefix4).address().plus(5))->id, eni);
    const auto six =
        call("AssignIpv6Addresses", {{"NetworkInterfaceId", eni}, {"Ipv6PrefixCount", "1"}});
    EXPECT_EQ(prefix(six.text("/Ipv6PrefixSets/Ipv6Prefix/0")).length(), 80);
    EXPECT_EQ(
        call("UnassignPrivateIpAddresses", {{"NetworkInterfaceId", eni}, {"Ipv4Prefix.1", prefix4}})
            .status,
        200U);
    EXPECT_EQ(
        call("UnassignIpv6Addresses", {{"NetworkInterfaceId", eni},
                                       {"Ipv6Prefix.1", six.text("/Ipv6PrefixSets/Ipv6Prefix/0")}})
            .status,
        200U);
    EXPECT_EQ(cloud_.model().eni(eni).prefixes.size(), 1U);
}

TEST_F(FastCloud, AddressesOfDelegatedPrefixesAreNotGivenToOthers) {
    const auto told = create({{"Ipv4PrefixCount", "10"}});
    const auto other = created({{"SecondaryPrivateIpAddressCount", "49"}});
    for (const auto& address : cloud_.model().eni(other).addresses()) {
        EXPECT_EQ(cloud_.model().owner(address)->id, other);
    }
    for (const auto& delegated : cloud_.model().eni(told.text("/NetworkInterfaceId")).prefixes) {
        for (const auto& address : cloud_.model().eni(other).addresses()) {
            EXPECT_FALSE(delegated.contains(address));
        }
    }
}

TEST_F(FastCloud, QuotasOfTheInstanceTypeHold) {
    for (int number = 0; number < 7; ++number) {
        EXPECT_EQ(attach(created()).status, 200U);
    }
    EXPECT_EQ(attach(created()).code, "EniPerInstanceLimitExceeded");
    const auto eni = created();
    attach(eni, "i-b");
    EXPECT_EQ(assign(eni, {{"SecondaryPrivateIpAddressCount", "29"}}).status, 200U);
    EXPECT_EQ(assign(eni, {{"SecondaryPrivateIpAddressCount", "1"}}).code,
              "InvalidOperation.Ipv4CountExceeded");
    EXPECT_EQ(
        code_of("AssignIpv6Addresses", {{"NetworkInterfaceId", eni}, {"Ipv6AddressCount", "31"}}),
        "InvalidOperation.Ipv6CountExceeded");
    const auto large = created({{"SecondaryPrivateIpAddressCount", "40"}});
    EXPECT_EQ(attach(large, "i-b").code, "InvalidOperation.Ipv4CountExceeded");
    EXPECT_EQ(create({{"Ipv6AddressCount", "11"}}).code, "InvalidParameter");
}

TEST_F(FastCloud, QuotasOfAccountAndSecurityGroupHold) {
    cloud_.settings().eni_quota = 1;
    created();
    EXPECT_EQ(create().code, "MaxEniCountExceeded");
    cloud_.settings().eni_quota = 10;
    cloud_.settings().security_group_quota = 3;
    EXPECT_EQ(create({{"SecondaryPrivateIpAddressCount", "2"}}).code,
              "SecurityGroupInstanceLimitExceed");
    EXPECT_EQ(create({{"SecondaryPrivateIpAddressCount", "1"}}).status, 200U);
}

TEST_F(FastCloud, AVSwitchRunsDryAndRecovers) {
    cloud_.enis().drain("vsw", 2);
    const auto told = call("DescribeVSwitches", {{"VSwitchId", "vsw"}}, "vpc");
    EXPECT_EQ(told.body.at_pointer("/VSwitches/VSwitch/0/AvailableIpAddressCount").to_number<int>(),
              2);
    EXPECT_EQ(create({{"SecondaryPrivateIpAddressCount", "2"}}).code,
              "InvalidVSwitchId.IpNotEnough");
    const auto eni = created({{"SecondaryPrivateIpAddressCount", "1"}});
    EXPECT_EQ(assign(eni, {{"SecondaryPrivateIpAddressCount", "1"}}).code,
              "InvalidVSwitchId.IpNotEnough");
    EXPECT_EQ(assign(eni, {{"Ipv4PrefixCount", "1"}}).code, "InvalidVSwitchId.IpNotEnough");
    cloud_.enis().refill("vsw");
    EXPECT_EQ(assign(eni, {{"SecondaryPrivateIpAddressCount", "1"}}).status, 200U);
}

TEST_F(FastCloud, ThePrimaryEniStays) {
    EXPECT_EQ(detach("eni-a").code, "InvalidOperation.DetachPrimaryEniNotAllowed");
}

TEST_F(FastCloud, AnInstanceThatStartsRefusesEnis) {
    cloud_.enis().set_instance_status("i-a", "Starting");
    EXPECT_EQ(attach(created()).code, "InvalidOperation.InvalidEcsState");
}

TEST_F(FastCloud, ThingsHappenBehindTheClientsBack) {
    const auto eni = created({{"SecondaryPrivateIpAddressCount", "1"}});
    attach(eni);
    cloud_.enis().take_away(eni, {cloud_.model().eni(eni).secondary, {}}, now_);
    EXPECT_TRUE(cloud_.model().eni(eni).secondary.empty());
    cloud_.enis().tear_off(eni, now_);
    EXPECT_EQ(status(eni), "Available");
    attach(eni);
    cloud_.enis().destroy(eni, now_);
    EXPECT_EQ(status(eni), "");
}

TEST_F(FastCloud, ModifiesAndTags) {
    const auto eni = created();
    EXPECT_EQ(call("ModifyNetworkInterfaceAttribute", {{"NetworkInterfaceId", eni},
                                                       {"Description", "d"},
                                                       {"SecurityGroupId.1", "sg-2"},
                                                       {"SourceDestCheck", "true"}})
                  .status,
              200U);
    EXPECT_EQ(call("TagResources", {{"ResourceType", "eni"},
                                    {"ResourceId.1", eni},
                                    {"Tag.1.Key", "k"},
                                    {"Tag.1.Value", "v"}})
                  .status,
              200U);
    const auto told = call("DescribeNetworkInterfaces", {{"Tag.1.Key", "k"}, {"Tag.1.Value", "v"}});
    ASSERT_EQ(told.size("/NetworkInterfaceSets/NetworkInterfaceSet"), 1U);
    EXPECT_EQ(told.text("/NetworkInterfaceSets/NetworkInterfaceSet/0/Description"), "d");
    EXPECT_EQ(
        told.text("/NetworkInterfaceSets/NetworkInterfaceSet/0/SecurityGroupIds/SecurityGroupId/0"),
        "sg-2");
    EXPECT_TRUE(cloud_.model().eni(eni).source_dest_check);
    EXPECT_EQ(code_of("TagResources", {{"ResourceType", "eni"},
                                       {"ResourceId.1", "eni-no"},
                                       {"Tag.1.Key", "k"},
                                       {"Tag.1.Value", "v"}}),
              "InvalidResourceId.NotFound");
}

TEST_F(FastCloud, AnEniThatARouteLeadsToIsDeletedOnceTheRouteIsGone) {
    const auto eni = created();
    const Parameters route{{"RouteTableId", "vtb-vpc-sim"},
                           {"DestinationCidrBlock", "172.20.1.0/24"},
                           {"NextHopType", "NetworkInterface"},
                           {"NextHopId", eni}};
    const auto id = call("CreateRouteEntry", route, "vpc").text("/RouteEntryId");
    remove(eni);
    EXPECT_EQ(status(eni), "Deleting");
    call("DeleteRouteEntry", {{"RouteEntryId", id}}, "vpc");
    now_ += 1s;
    EXPECT_EQ(status(eni), "");
}

// What must hold after every step, whatever the steps.
void check_invariants(Cloud& cloud) {
    std::set<IpAddress> seen;
    std::map<std::string, std::size_t> enis;
    for (const auto& [id, view] : cloud.enis().now()) {
        const Eni& eni = cloud.model().eni(id);
        ASSERT_EQ(eni.addresses(), view->eni.addresses()) << id;
        ASSERT_EQ(eni.attachment.has_value(), view->record.status == EniStatus::InUse ||
                                                  view->record.status == EniStatus::Detaching);
        for (const auto& address : eni.addresses()) {
            ASSERT_TRUE(seen.insert(address).second) << address.text() << " has two owners";
            ASSERT_EQ(cloud.model().owner(address)->id, id);
        }
        for (const auto& delegated : eni.prefixes) {
            ASSERT_TRUE(seen.insert(delegated.address()).second) << delegated.text();
        }
        if (!view->record.instance.empty()) {
            ++enis[view->record.instance];
            const auto& type = cloud.enis().type_of(view->record.instance);
            ASSERT_LE(slots_of(eni, Family::V4), type.ipv4) << id;
            ASSERT_LE(slots_of(eni, Family::V6), type.ipv6) << id;
        }
    }
    for (const auto& [instance, count] : enis) {
        ASSERT_LE(count, cloud.enis().type_of(instance).enis);
    }
    ASSERT_EQ(cloud.enis().now().size(), cloud.model().enis().size());
}

TEST_F(SlowCloud, RandomCallsKeepEveryAddressWithOneOwnerAndEveryQuota) {
    std::mt19937 random(7);
    const auto below = [&](std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
    };
    for (int step = 0; step < 4000; ++step) {
        std::vector<std::string> ids;
        for (const auto& [id, eni] : cloud_.model().enis()) {
            ids.push_back(id);
        }
        const auto eni = ids[below(ids.size())];
        const std::string instance = below(2) == 0 ? "i-a" : "i-b";
        const auto count = std::to_string(1 + below(12));
        switch (below(9)) {
            case 0:
                create({{"SecondaryPrivateIpAddressCount", count}});
                break;
            case 1:
                attach(eni, instance);
                break;
            case 2:
                detach(eni, instance);
                break;
            case 3:
                remove(eni);
                break;
            case 4:
                assign(eni, {{"SecondaryPrivateIpAddressCount", count}});
                break;
            case 5:
                assign(eni, {{"Ipv4PrefixCount", "1"}});
                break;
            case 6:
                call("AssignIpv6Addresses",
                     {{"NetworkInterfaceId", eni}, {"Ipv6AddressCount", count}});
                break;
            case 7:
                if (!cloud_.model().eni(eni).secondary.empty()) {
                    call(
                        "UnassignPrivateIpAddresses",
                        {{"NetworkInterfaceId", eni},
                         {"PrivateIpAddress.1", cloud_.model().eni(eni).secondary.front().text()}});
                }
                break;
            default:
                now_ += Milliseconds(below(2500));
                break;
        }
        cloud_.advance(now_);
        ASSERT_NO_FATAL_FAILURE(check_invariants(cloud_)) << "step " << step;
    }
    EXPECT_GT(cloud_.calls().counts().at("AttachNetworkInterface").ok, 20U);
}

}  // namespace
}  // namespace terway::sim
