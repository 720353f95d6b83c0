#include "sim/model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "terway/error.hpp"
#include "vpc.hpp"

namespace terway::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// What the model says when it refuses; empty if it does not, or if it changed something all the
// same.
std::string refusal(Model& model, const std::function<void(Model&)>& change) {
    const auto revision = model.revision();
    try {
        change(model);
    } catch (const Error& error) {
        return model.revision() == revision ? error.what() : "";
    }
    return "";
}

TEST(SimModel, ReservesTheNetworkAddressAndTheLastThreeOfAVSwitch) {
    const VSwitch vswitch{"v", prefix("10.0.0.0/24"), prefix("fd00::/64")};
    for (const char* reserved : {"10.0.0.0", "10.0.0.253", "10.0.0.254", "10.0.0.255", "fd00::",
                                 "fd00::ffff:ffff:ffff:fff7", "fd00::ffff:ffff:ffff:ffff"}) {
        EXPECT_TRUE(vswitch.reserves(ip(reserved))) << reserved;
    }
    for (const char* usable : {"10.0.0.1", "10.0.0.252", "fd00::1", "fd00::ffff:ffff:ffff:fff6",
                               "10.0.1.0", "fd00:1::"}) {
        EXPECT_FALSE(vswitch.reserves(ip(usable))) << usable;
    }
}

TEST(SimModel, TheGatewayIsTheThirdLastAddress) {
    const VSwitch small{"v", prefix("192.168.5.16/28"), std::nullopt};
    EXPECT_EQ(small.gateway(Family::V4), ip("192.168.5.29"));
    EXPECT_FALSE(small.gateway(Family::V6));
    const VSwitch dual{"v", prefix("10.0.0.0/24"), prefix("fd00::/64")};
    EXPECT_EQ(dual.gateway(Family::V4), ip("10.0.0.253"));
    EXPECT_EQ(dual.gateway(Family::V6), ip("fd00::ffff:ffff:ffff:fffd"));
}

TEST(SimModel, RefusesAVSwitchThatDoesNotFitTheVpc) {
    Model model = two_nodes();
    const auto add = [](const char* v4, const char* v6 = nullptr) {
        return [=](Model& m) {
            m.add_vswitch({"w", prefix(v4), v6 ? std::optional(prefix(v6)) : std::nullopt});
        };
    };
    EXPECT_THAT(refusal(model, add("192.168.0.0/24")), HasSubstr("not inside the VPC"));
    EXPECT_THAT(refusal(model, add("10.0.0.128/25")), HasSubstr("overlaps vSwitch vsw"));
    EXPECT_THAT(refusal(model, add("10.1.0.0/15")), HasSubstr("host bits"));
    EXPECT_THAT(refusal(model, add("10.2.0.0/15")), HasSubstr("16 to 29"));
    EXPECT_THAT(refusal(model, add("10.1.0.0/30")), HasSubstr("16 to 29"));
    EXPECT_THAT(refusal(model, add("10.1.0.0/24", "fd00:10:0:1::/80")), HasSubstr("/64"));
    EXPECT_THAT(refusal(model, add("10.1.0.0/24", "fd00:11::/64")), HasSubstr("/64"));
    EXPECT_THAT(refusal(model, add("10.1.0.0/24", "fd00:10::/64")), HasSubstr("overlaps"));
    EXPECT_EQ(refusal(model, add("10.1.0.0/24", "fd00:10:0:1::/64")), "");
    EXPECT_TRUE(model.vswitches().contains("w"));
}

TEST(SimModel, EveryInstanceHasExactlyOnePrimaryEniThatStaysWithIt) {
    Model model = two_nodes();
    EXPECT_EQ(model.primary_eni("i-a").id, "eni-a");
    EXPECT_EQ(model.primary_eni("i-a").attachment->device, 0U);
    EXPECT_THAT(refusal(model, [](Model& m) { m.detach_eni("eni-a"); }), HasSubstr("primary"));
    EXPECT_THAT(refusal(model, [](Model& m) { m.delete_eni("eni-a"); }), HasSubstr("attached"));
    EXPECT_THAT(refusal(model,
                        [](Model& m) {
                            m.add_instance({"i-c", "a"}, in_vswitch("", "10.0.0.12"));
                        }),
                HasSubstr("taken by instance i-a"));
    EXPECT_EQ(model.owner(ip("10.0.0.12")), nullptr);
}

TEST(SimModel, ARemovedInstanceTakesItsPrimaryEniAndLeavesTheOthers) {
    Model model = two_nodes();
    model.create_eni(in_vswitch("eni-x", "10.0.0.20"));
    model.attach_eni("eni-x", "i-a");
    model.remove_instance("i-a");
    EXPECT_FALSE(model.enis().contains("eni-a"));
    EXPECT_EQ(model.owner(ip("10.0.0.10")), nullptr);
    EXPECT_FALSE(model.eni("eni-x").attachment);
    EXPECT_THROW((void)model.primary_eni("i-a"), Error);
}

TEST(SimModel, DevicesAreNumberedFromTheLowestFreeOne) {
    Model model = two_nodes();
    for (const char* number : {"1", "2", "3"}) {
        model.create_eni(
            in_vswitch("eni-" + std::string(number), "10.0.0.2" + std::string(number)));
        model.attach_eni("eni-" + std::string(number), "i-a");
    }
    EXPECT_EQ(model.eni("eni-3").attachment->device, 3U);
    model.detach_eni("eni-2");
    model.attach_eni("eni-2", "i-b");
    EXPECT_EQ(model.eni("eni-2").attachment->device, 1U);
    model.detach_eni("eni-1");
    model.detach_eni("eni-2");
    model.attach_eni("eni-2", "i-a");
    EXPECT_EQ(model.eni("eni-2").attachment->device, 1U);
    EXPECT_THAT(refusal(model, [](Model& m) { m.attach_eni("eni-2", "i-b"); }),
                HasSubstr("attached to instance i-a"));
}

TEST(SimModel, AnAddressHasOneOwner) {
    Model model = two_nodes();
    model.assign_addresses("eni-a", {ip("10.0.0.50"), ip("fd00:10::50")});
    EXPECT_EQ(model.owner(ip("10.0.0.50"))->id, "eni-a");
    EXPECT_EQ(model.owner(ip("fd00:10::50"))->id, "eni-a");
    EXPECT_THAT(model.eni("eni-a").secondary, ElementsAre(ip("10.0.0.50")));
    EXPECT_THAT(model.eni("eni-a").ipv6, ElementsAre(ip("fd00:10::50")));
    const auto assign = [](const char* eni, std::vector<const char*> addresses) {
        return [=](Model& m) {
            std::vector<IpAddress> parsed;
            for (const char* address : addresses) {
                parsed.push_back(ip(address));
            }
            m.assign_addresses(eni, parsed);
        };
    };
    EXPECT_THAT(refusal(model, assign("eni-b", {"10.0.0.60", "10.0.0.50"})),
                HasSubstr("belongs to ENI eni-a"));
    EXPECT_EQ(model.owner(ip("10.0.0.60")), nullptr) << "a refused call assigns nothing";
    EXPECT_THAT(refusal(model, assign("eni-b", {"10.0.0.10"})), HasSubstr("belongs to ENI eni-a"));
    EXPECT_THAT(refusal(model, assign("eni-b", {"10.0.0.253"})), HasSubstr("reserved"));
    EXPECT_THAT(refusal(model, assign("eni-b", {"10.0.1.5"})), HasSubstr("not in vSwitch vsw"));
    EXPECT_THAT(refusal(model, assign("eni-b", {"10.0.0.61", "10.0.0.61"})), HasSubstr("twice"));
    EXPECT_THAT(refusal(model, assign("eni-z", {"10.0.0.61"})), HasSubstr("does not exist"));
}

TEST(SimModel, AnUnassignedAddressIsFreeAndThePrimaryOneStays) {
    Model model = two_nodes();
    model.assign_addresses("eni-a", {ip("10.0.0.50")});
    const auto unassign = [](const char* eni, const char* address) {
        return [=](Model& m) { m.unassign_addresses(eni, {ip(address)}); };
    };
    EXPECT_THAT(refusal(model, unassign("eni-a", "10.0.0.10")), HasSubstr("primary"));
    EXPECT_THAT(refusal(model, unassign("eni-b", "10.0.0.50")), HasSubstr("does not own"));
    EXPECT_EQ(refusal(model, unassign("eni-a", "10.0.0.50")), "");
    EXPECT_EQ(model.owner(ip("10.0.0.50")), nullptr);
    model.assign_addresses("eni-b", {ip("10.0.0.50")});
    EXPECT_EQ(model.owner(ip("10.0.0.50"))->id, "eni-b");
}

TEST(SimModel, FreeAddressesSkipReservedAndOwnedOnesUntilNoneIsLeft) {
    Model model(Vpc{prefix("10.0.0.0/8"), std::nullopt});
    model.add_vswitch({"vsw", prefix("10.0.0.0/29"), std::nullopt});
    model.add_instance({"i-a", "a"}, in_vswitch("eni-a", "10.0.0.2"));
    EXPECT_THAT(model.free_addresses("vsw", Family::V4, 3),
                ElementsAre(ip("10.0.0.1"), ip("10.0.0.3"), ip("10.0.0.4")));
    EXPECT_THROW((void)model.free_addresses("vsw", Family::V4, 4), Error);
    EXPECT_THROW((void)model.free_addresses("vsw", Family::V6, 1), Error);
}

TEST(SimModel, AnEniWithoutWishesGetsAFreeIdMacAndAddress) {
    Model model = two_nodes();
    EniRequest request;
    request.vswitch = "vsw";
    const Eni first = model.create_eni(request);
    const Eni second = model.create_eni(request);
    EXPECT_NE(first.id, second.id);
    EXPECT_NE(first.mac, second.mac);
    EXPECT_EQ(first.mac.text().substr(0, 9), "00:16:3e:");
    EXPECT_EQ(first.primary, ip("10.0.0.1"));
    EXPECT_EQ(second.primary, ip("10.0.0.2"));
}

TEST(SimModel, RefusesAnEniWithAForeignOrTakenMacOrAMixedUpFamily) {
    Model model = two_nodes();
    EniRequest request = in_vswitch("eni-x", "10.0.0.20");
    const auto create = [&](Model& m) { m.create_eni(request); };
    request.mac = Mac::parse("02:00:00:00:00:01");
    EXPECT_THAT(refusal(model, create), HasSubstr("00:16:3e"));
    request.mac = model.eni("eni-a").mac;
    EXPECT_THAT(refusal(model, create), HasSubstr("belongs to ENI eni-a"));
    request.mac.reset();
    request.secondary = {ip("fd00:10::20")};
    EXPECT_THAT(refusal(model, create), HasSubstr("must be IPv4"));
    request.secondary = {};
    request.ipv6 = {ip("10.0.0.21")};
    EXPECT_THAT(refusal(model, create), HasSubstr("IPv4 address is among"));
}

TEST(SimModel, ARouteMayNotLieInsideAVSwitchButMayContainIt) {
    Model model = two_nodes();
    const auto add = [](const char* destination) {
        return [=](Model& m) {
            m.add_route({prefix(destination), {NextHop::Kind::Instance, "i-a"}});
        };
    };
    EXPECT_THAT(refusal(model, add("10.0.0.0/24")), HasSubstr("inside vSwitch vsw"));
    EXPECT_THAT(refusal(model, add("10.0.0.128/25")), HasSubstr("inside vSwitch vsw"));
    EXPECT_THAT(refusal(model, add("fd00:10::8000:0:0:0/65")), HasSubstr("inside vSwitch vsw"));
    EXPECT_THAT(refusal(model, add("172.20.1.5/24")), HasSubstr("host bits"));
    EXPECT_EQ(refusal(model, add("10.0.0.0/16")), "");
    EXPECT_EQ(refusal(model, add("172.20.1.0/24")), "");
    EXPECT_THAT(refusal(model, add("172.20.1.0/24")), HasSubstr("exists already"));
    EXPECT_THAT(refusal(model,
                        [](Model& m) {
                            m.add_vswitch({"w", prefix("10.0.0.0/16"), std::nullopt});
                        }),
                HasSubstr("overlaps"));
    model.add_route({prefix("10.7.0.0/24"), {NextHop::Kind::Instance, "i-a"}});
    EXPECT_THAT(refusal(model,
                        [](Model& m) {
                            m.add_vswitch({"w", prefix("10.7.0.0/16"), std::nullopt});
                        }),
                HasSubstr("covers the route to 10.7.0.0/24"));
}

TEST(SimModel, ARouteLeadsToThePrimaryEniOfAnInstanceOrToAnAttachedEni) {
    Model model = two_nodes();
    model.create_eni(in_vswitch("eni-x", "10.0.0.20"));
    const VpcRoute to_instance{prefix("172.20.1.0/24"), {NextHop::Kind::Instance, "i-a"}};
    const VpcRoute to_eni{prefix("172.20.2.0/24"), {NextHop::Kind::Eni, "eni-x"}};
    model.add_route(to_instance);
    model.add_route(to_eni);
    EXPECT_EQ(model.next_hop(to_instance)->id, "eni-a");
    EXPECT_EQ(model.next_hop(to_eni), nullptr);
    model.attach_eni("eni-x", "i-b");
    EXPECT_EQ(model.next_hop(to_eni)->id, "eni-x");
    EXPECT_THAT(
        refusal(model,
                [](Model& m) {
                    m.add_route({prefix("172.20.3.0/24"), {NextHop::Kind::Instance, "i-z"}});
                }),
        HasSubstr("instance i-z: does not exist"));
}

TEST(SimModel, ANextHopCannotBeRemovedBeforeItsRoute) {
    Model model = two_nodes();
    model.create_eni(in_vswitch("eni-x", "10.0.0.20"));
    model.add_route({prefix("172.20.1.0/24"), {NextHop::Kind::Instance, "i-a"}});
    model.add_route({prefix("172.20.2.0/24"), {NextHop::Kind::Eni, "eni-x"}});
    EXPECT_THAT(refusal(model, [](Model& m) { m.remove_instance("i-a"); }), HasSubstr("next hop"));
    EXPECT_THAT(refusal(model, [](Model& m) { m.delete_eni("eni-x"); }), HasSubstr("next hop"));
    model.remove_route(prefix("172.20.1.0/24"));
    model.remove_route(prefix("172.20.2.0/24"));
    EXPECT_EQ(refusal(model, [](Model& m) { m.remove_instance("i-a"); }), "");
    EXPECT_EQ(refusal(model, [](Model& m) { m.delete_eni("eni-x"); }), "");
    EXPECT_THROW(model.remove_route(prefix("172.20.1.0/24")), Error);
}

TEST(SimModel, EveryAcceptedOperationRaisesTheRevision) {
    Model model = two_nodes();
    auto revision = model.revision();
    const std::vector<std::function<void()>> operations{
        [&] { model.create_eni(in_vswitch("eni-x", "10.0.0.20")); },
        [&] { model.attach_eni("eni-x", "i-a"); },
        [&] { model.assign_addresses("eni-x", {ip("10.0.0.21")}); },
        [&] { model.set_source_dest_check("eni-x", false); },
        [&] {
            model.add_route({prefix("172.20.1.0/24"), {NextHop::Kind::Eni, "eni-x"}});
        },
        [&] { model.remove_route(prefix("172.20.1.0/24")); },
        [&] { model.unassign_addresses("eni-x", {ip("10.0.0.21")}); },
        [&] { model.detach_eni("eni-x"); },
        [&] { model.delete_eni("eni-x"); },
        [&] { model.remove_instance("i-b"); },
        [&] {
            model.add_vswitch({"w", prefix("10.1.0.0/24"), std::nullopt});
        },
    };
    for (std::size_t i = 0; i < operations.size(); ++i) {
        operations[i]();
        EXPECT_EQ(model.revision(), ++revision) << "operation " << i;
    }
}

}  // namespace
}  // namespace terway::sim
