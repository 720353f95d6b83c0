// Bands, roots of several queues and priorities of packets, in a kernel that has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/if_ether.h>

#include "base/netns.hpp"
#include "netlink/link.hpp"
#include "netlink/qdisc.hpp"
#include "netlink/tc.hpp"
#include "shaped_node.hpp"

namespace terway::netlink {
namespace {

using test::ShapedNode;
using testing::SizeIs;

class NetlinkPrio : public testing::Test {
protected:
    NetlinkPrio() {
        ShapedNode::shell(netns_,
                          "ip link add here numtxqueues 4 type veth peer name there; "
                          "ip link set here up; ip link set there up");
        link_ = find_link(socket_, "here").value();
    }

    Qdisc qdisc(std::uint32_t parent, std::uint16_t major, QdiscOptions options) const {
        Qdisc made;
        made.ifindex = link_.index;
        made.parent = parent;
        made.handle = class_id(major, 0);
        made.options = options;
        return made;
    }

    Netns netns_ = Netns::create();
    Socket socket_ = Socket::in(netns_.fd());
    Link link_;
};

TEST_F(NetlinkPrio, ALinkSaysHowManyQueuesItHas) {
    EXPECT_EQ(link_.tx_queues, 4U);
    create_veth(socket_, {.name = "plain"}, {.name = "other"});
    EXPECT_EQ(find_link(socket_, "plain").value().tx_queues, 1U);
}

TEST_F(NetlinkPrio, BandsUnderEachQueueAreFoundAsTheyWereMade) {
    set_qdisc(socket_, qdisc(kRoot, 0x4700, Mq{}));
    EXPECT_TRUE(same_options(Mq{}, find_qdisc(socket_, link_.index, kRoot).value().options));
    Prio prio;
    prio.band_of = {1, 1, 1, 1, 1, 1, 1, 1, 0, 2, 1, 1, 1, 1, 1, 1};
    auto other = prio;
    other.band_of[3] = 2;
    for (std::uint16_t queue = 1; queue <= 4; ++queue) {
        const auto parent = class_id(0x4700, queue);
        set_qdisc(socket_, qdisc(parent, static_cast<std::uint16_t>(0x4710 + queue), prio));
        const auto found = find_qdisc(socket_, link_.index, parent).value();
        EXPECT_EQ(found.kind, "prio");
        EXPECT_TRUE(same_options(prio, found.options));
        EXPECT_FALSE(same_options(other, found.options));
    }
    set_qdisc(socket_, qdisc(kRoot, 0x4700, Mq{}));
    EXPECT_TRUE(find_qdisc(socket_, link_.index, class_id(0x4700, 1))) << "once more is no change";
}

TEST_F(NetlinkPrio, AFilterThatSetsThePriorityIsFoundAsItWasMade) {
    ensure_clsact(socket_, link_.index);
    Filter filter;
    filter.source = IpAddress::parse("10.0.0.2").value();
    filter.priority = 16;
    filter.protocol = ETH_P_IP;
    filter.kind = "u32";
    filter.actions = {
        {.kind = Action::Kind::SetPriority, .priority = 8, .tag = "0123456789abcdef"}};
    add_filter(socket_, link_.index, filter);
    auto all = filters(socket_, link_.index, Hook::Egress);
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_TRUE(all[0].same_as(filter));
    filter = all[0];
    filter.actions[0].priority = 9;
    EXPECT_TRUE(change_actions(socket_, link_.index, filter));
    all = filters(socket_, link_.index, Hook::Egress);
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_TRUE(all[0].same_as(filter));
}

}  // namespace
}  // namespace terway::netlink
