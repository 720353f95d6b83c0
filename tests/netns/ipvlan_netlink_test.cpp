// Slaves of ipvlan and filters of tc, in a kernel that has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/if_ether.h>

#include <string>
#include <vector>

#include "base/netns.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/tc.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

using Kind = Action::Kind;
using testing::IsEmpty;
using testing::SizeIs;

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

class IpvlanNetlink : public testing::Test {
protected:
    IpvlanNetlink() {
        create_veth(host_, {.name = "eni", .mtu = 1400}, {.name = "far"});
        eni_ = find_link(host_, "eni").value();
    }

    Link slave(const std::string& name = "eth0") {
        create_ipvlan(host_, {.name = name, .parent = eni_.index, .netns_fd = pod_ns_.fd()});
        return find_link(pod_, name).value();
    }

    static Filter filter(const char* destination, std::uint32_t to) {
        Filter made;
        made.destination = prefix(destination);
        made.priority = made.destination->is_v4() ? 40000 : 40001;
        made.protocol = made.destination->is_v4() ? ETH_P_IP : ETH_P_IPV6;
        made.actions = {{Kind::ForgetRoute}, {Kind::ToHost}, {Kind::RedirectIngress, to}};
        return made;
    }

    Netns host_ns_ = Netns::create();
    Netns pod_ns_ = Netns::create();
    Socket host_ = Socket::in(host_ns_.fd());
    Socket pod_ = Socket::in(pod_ns_.fd());
    Link eni_;
};

TEST_F(IpvlanNetlink, ASlaveIsBornInThePodDownWithItsNameAndTheMacOfItsParent) {
    const auto made = slave();
    EXPECT_EQ(made.kind, "ipvlan");
    EXPECT_EQ(made.mac, eni_.mac);
    EXPECT_EQ(made.mtu, 1400U);
    EXPECT_EQ(made.peer_index, eni_.index);
    EXPECT_FALSE(made.up);
    EXPECT_FALSE(find_link(host_, "eth0"));
}

TEST_F(IpvlanNetlink, ALinkOfTheHostWithTheSameNameIsNoHindrance) {
    create_veth(host_, {.name = "eth0", .mtu = 1300}, {.name = "eth0-far"});
    EXPECT_EQ(slave().kind, "ipvlan");
    EXPECT_EQ(find_link(host_, "eth0").value().kind, "veth");
}

TEST_F(IpvlanNetlink, ANameTakenInThePodIsRefused) {
    slave();
    try {
        slave();
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.sys_errno(), EEXIST);
    }
}

TEST_F(IpvlanNetlink, ASlaveBesideItsParentNeedsNoNamespace) {
    create_ipvlan(host_, {.name = "ipvl_1", .parent = eni_.index, .mtu = 1300});
    const auto made = find_link(host_, "ipvl_1").value();
    EXPECT_EQ(made.mtu, 1300U);
    EXPECT_TRUE(made.arp);
    change_link(host_, made.index, {.up = true});
    change_link(host_, made.index, {.arp = false});  // going up the kernel sets it as it thinks
    EXPECT_FALSE(find_link(host_, "ipvl_1").value().arp);
    EXPECT_TRUE(find_link(host_, "ipvl_1").value().up);
    change_link(host_, made.index, {.mtu = 1200});
    EXPECT_FALSE(find_link(host_, "ipvl_1").value().arp) << "what is not named stays";
}

TEST_F(IpvlanNetlink, AnAddressThatAnotherSlaveHasIsRefused) {
    const auto first = slave("one");
    const auto second = slave("two");
    for (const auto* address : {"10.0.0.5/24", "fd00::5/64"}) {
        ensure_address(pod_, first.index, prefix(address));
        try {
            ensure_address(pod_, second.index, prefix(address));
            FAIL() << "no error for " << address;
        } catch (const Error& error) {
            EXPECT_EQ(error.sys_errno(), EADDRINUSE);
        }
    }
}

TEST_F(IpvlanNetlink, AnIndexThatTheHostHasAlreadyIsPassedOver) {
    create_ipvlan(host_, {.name = "a", .parent = eni_.index, .netns_fd = pod_ns_.fd()});
    const auto taken = find_link(pod_, "a").value().index;
    change_link(pod_, taken, {.netns_fd = host_ns_.fd()});
    ASSERT_EQ(find_link(host_, "a").value().index, taken);
    EXPECT_NE(slave("b").index, taken);
}

TEST_F(IpvlanNetlink, FiltersAreListedAsTheyWereAdded) {
    EXPECT_TRUE(ensure_clsact(host_, eni_.index));
    EXPECT_FALSE(ensure_clsact(host_, eni_.index));
    std::vector<Filter> added;
    for (const auto* destination :
         {"172.21.0.0/16", "169.254.20.10/32", "fd00:21::/112", "fd00::1/128", "10.0.0.0/9"}) {
        added.push_back(filter(destination, eni_.index));
        add_filter(host_, eni_.index, added.back());
    }
    auto found = filters(host_, eni_.index, Hook::Egress);
    ASSERT_THAT(found, SizeIs(added.size()));
    for (const auto& each : added) {
        EXPECT_EQ(std::count_if(found.begin(), found.end(),
                                [&](const Filter& other) { return other.same_as(each); }),
                  1)
            << each.destination->text();
    }
    EXPECT_THAT(filters(host_, eni_.index, Hook::Ingress), IsEmpty());
}

TEST_F(IpvlanNetlink, OneFilterIsRemovedAndTheOthersStay) {
    ensure_clsact(host_, eni_.index);
    add_filter(host_, eni_.index, filter("172.21.0.0/16", eni_.index));
    add_filter(host_, eni_.index, filter("172.22.0.0/16", eni_.index));
    auto found = filters(host_, eni_.index, Hook::Egress);
    ASSERT_THAT(found, SizeIs(2));
    EXPECT_TRUE(remove_filter(host_, eni_.index, found[0]));
    EXPECT_FALSE(remove_filter(host_, eni_.index, found[0]));
    const auto left = filters(host_, eni_.index, Hook::Egress);
    ASSERT_THAT(left, SizeIs(1));
    EXPECT_TRUE(left[0].same_as(found[1]));
}

TEST_F(IpvlanNetlink, ALinkWithoutClsactHasNoFiltersAndNothingToRemove) {
    EXPECT_THAT(filters(host_, eni_.index, Hook::Egress), IsEmpty());
    EXPECT_FALSE(remove_filter(host_, eni_.index, filter("172.21.0.0/16", eni_.index)));
    EXPECT_FALSE(remove_clsact(host_, eni_.index));
    ensure_clsact(host_, eni_.index);
    EXPECT_TRUE(remove_clsact(host_, eni_.index));
    EXPECT_FALSE(remove_clsact(host_, eni_.index));
    EXPECT_FALSE(remove_clsact(host_, 4711U));
}

TEST_F(IpvlanNetlink, AnAddressMayBeForTheHostAlone) {
    ensure_address(host_, eni_.index, prefix("10.0.0.9/32"), RT_SCOPE_HOST);
    change_link(host_, eni_.index, {.up = true});
    EXPECT_THAT(addresses(host_, eni_.index), testing::Contains(prefix("10.0.0.9/32")));
}

}  // namespace
}  // namespace terway::netlink
