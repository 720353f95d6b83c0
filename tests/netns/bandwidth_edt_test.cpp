// What bandwidth-tc makes, finds again and takes back in mode "edt".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bpf/bpf.h>

#include <algorithm>
#include <string_view>

#include "base/fd.hpp"
#include "shaped_node.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint64_t kRate = 20'000'000;
constexpr auto kKinds = {PodKind::Veth, PodKind::Ipvlan, PodKind::Exclusive};

// All there is of limits in a namespace.
std::string traces(const Netns& netns) {
    return ShapedNode::shell(netns,
                             "tc qdisc show; ip -o link show type ifb; ip -o link | sed "
                             "'s/^[0-9]*: \\([^:@]*\\).*/\\1/' | while read l; do tc filter show "
                             "dev $l ingress; tc filter show dev $l egress; done");
}

// Programs live as long as somebody has them, a moment longer than the last filter.
unsigned programs() {
    unsigned count = 0;
    std::uint32_t id = 0;
    while (::bpf_prog_get_next_id(id, &id) == 0) {
        const Fd program(::bpf_prog_get_fd_by_id(id));
        bpf_prog_info info{};
        std::uint32_t size = sizeof info;
        if (program && ::bpf_obj_get_info_by_fd(program.get(), &info, &size) == 0 &&
            std::string_view(static_cast<const char*>(info.name)) == "edt") {
            ++count;
        }
    }
    return count;
}

class BandwidthEdt : public testing::Test {
protected:
    // Where the limits of a pod are.
    const Netns& place(const ShapedPod& pod) const {
        return pod.kind == PodKind::Veth ? node_.host() : pod.netns;
    }
    static std::string link(const ShapedPod& pod) {
        return pod.kind == PodKind::Veth ? pod.endpoint.host_ifname() : "eth0";
    }

    ShapedNode node_{"edt"};
};

TEST_F(BandwidthEdt, LeavesNothingBehindOnAnyKindOfPod) {
    for (const auto kind : kKinds) {
        auto& pod = node_.pod(kind);
        const auto before = traces(place(pod));
        for (const auto& [in, out] : {std::pair(kRate, kRate), std::pair(kRate, std::uint64_t{0}),
                                      std::pair(std::uint64_t{0}, kRate)}) {
            pod.endpoint.limits(in, out);
            node_.attach(pod);
            EXPECT_THAT(node_.check(pod), IsEmpty());
            EXPECT_THAT(traces(place(pod)), AllOf(HasSubstr("qdisc fq"), HasSubstr("terway-edt")));
            node_.detach(pod);
            EXPECT_EQ(traces(place(pod)), before);
        }
        pod.endpoint.limits(kRate, kRate);
        node_.attach(pod);
        for (const auto& [in, out] :
             {std::pair(std::uint64_t{0}, kRate), std::pair(std::uint64_t{0}, std::uint64_t{0})}) {
            pod.endpoint.limits(in, out);
            EXPECT_THAT(node_.check(pod), HasSubstr("nobody asked for"));
            node_.attach(pod);
            EXPECT_THAT(node_.check(pod), IsEmpty());
        }
        EXPECT_EQ(traces(place(pod)), before);
    }
    EXPECT_TRUE(eventually([] { return programs() == 0; })) << programs() << " programs are left";
}

TEST_F(BandwidthEdt, AnotherRateOrBurstIsADifferenceUntilItIsAttached) {
    auto& pod = node_.pod();
    pod.endpoint.limits(kRate, kRate);
    node_.attach(pod);
    pod.endpoint.limits(kRate, 2 * kRate);
    EXPECT_THAT(node_.check(pod), HasSubstr("another rate"));
    node_.attach(pod);
    EXPECT_THAT(node_.check(pod), IsEmpty());
    pod.endpoint.bursts(8 * 512 * 1024, 0);
    EXPECT_THAT(node_.check(pod), HasSubstr("another rate or size"));
    node_.adopt(pod);
    EXPECT_THAT(node_.check(pod), IsEmpty());
}

TEST_F(BandwidthEdt, IsTheSameProgramAfterARestart) {
    for (const auto kind : kKinds) {
        auto& pod = node_.pod(kind);
        pod.endpoint.limits(kRate, kRate);
        node_.attach(pod);
        const auto before = traces(place(pod));
        node_.restart("edt");
        EXPECT_THAT(node_.check(pod), IsEmpty());
        node_.adopt(pod);
        EXPECT_EQ(traces(place(pod)), before);
    }
}

TEST_F(BandwidthEdt, TakesOverFromAnotherModeAndGivesWayToIt) {
    for (const auto kind : kKinds) {
        auto& pod = node_.pod(kind);
        const auto before = traces(place(pod));
        pod.endpoint.limits(kRate, kRate);
        node_.attach(pod);
        node_.restart("htb");
        EXPECT_THAT(node_.check(pod), HasSubstr("no qdisc htb"));
        node_.adopt(pod);
        EXPECT_THAT(node_.check(pod), IsEmpty());
        EXPECT_THAT(traces(place(pod)), AllOf(HasSubstr("htb"), Not(HasSubstr("terway-edt"))));
        node_.restart("edt");
        EXPECT_THAT(node_.check(pod), HasSubstr("no qdisc fq"));
        node_.adopt(pod);
        EXPECT_THAT(node_.check(pod), IsEmpty());
        EXPECT_THAT(traces(place(pod)), AllOf(HasSubstr("terway-edt"), Not(HasSubstr("htb"))));
        node_.detach(pod);
        EXPECT_EQ(traces(place(pod)), before);
    }
}

TEST_F(BandwidthEdt, WhatIsRemovedBehindOurBackIsMissedAndPutBack) {
    for (const auto kind : {PodKind::Veth, PodKind::Ipvlan}) {
        auto& pod = node_.pod(kind);
        const auto before = traces(place(pod));
        pod.endpoint.limits(kRate, kRate);
        node_.attach(pod);
        const auto ifb = ShapedNode::shell(place(pod),
                                           "ip -o link show type ifb | sed 's/^[0-9]*: "
                                           "\\([^:]*\\):.*/\\1/' | head -1 | tr -d '\\n'");
        for (const auto& [loss, complaint] :
             {std::pair("tc qdisc del dev " + link(pod) + " root", "no qdisc fq"),
              std::pair("tc filter del dev " + link(pod) + " egress", "no filter"),
              std::pair("tc qdisc del dev " + link(pod) + " clsact", "no filter"),
              std::pair("tc filter del dev " + ifb + " egress", "no filter"),
              std::pair("tc qdisc change dev " + ifb + " root fq limit 7", "another size")}) {
            ShapedNode::shell(place(pod), loss);
            EXPECT_THAT(node_.check(pod), HasSubstr(complaint)) << loss;
            node_.adopt(pod);
            EXPECT_THAT(node_.check(pod), IsEmpty()) << loss;
        }
        node_.detach(pod);
        EXPECT_EQ(traces(place(pod)), before);
    }
}

TEST_F(BandwidthEdt, AHookOfSomebodyElseStaysWithItsFiltersWhichComeFirst) {
    for (const auto kind : {PodKind::Veth, PodKind::Ipvlan}) {
        auto& pod = node_.pod(kind);
        ShapedNode::shell(place(pod), "tc qdisc add dev " + link(pod) +
                                          " clsact; tc filter add dev " + link(pod) +
                                          " egress prio 5 protocol ip u32 match ip dst "
                                          "203.0.113.7/32 action mirred egress redirect dev lo");
        const auto before = traces(place(pod));
        pod.endpoint.limits(kRate, kRate);
        node_.attach(pod);
        const auto made =
            ShapedNode::shell(place(pod), "tc filter show dev " + link(pod) + " egress");
        EXPECT_LT(made.find("cb007107"), made.find("pref 65522"));
        node_.detach(pod);
        EXPECT_EQ(traces(place(pod)), before);
    }
}

TEST_F(BandwidthEdt, TellsWhatItsProgramsHaveCounted) {
    auto& pod = node_.pod();
    // One direction after the other, for neighbours must be found.
    pod.endpoint.limits(8'000, 0);
    node_.attach(pod);
    const Udp inside(pod.netns.fd(), pod.address, 4000);
    const Udp outside(node_.host().fd(), pod.far, 4000);
    const std::string text(1'000, 'x');
    for (int i = 0; i < 20; ++i) {  // a socket has no room for many more
        outside.send(pod.address, 4000, text);
    }
    const auto in = node_.observe(pod).ingress;
    EXPECT_STREQ(in.mode, "edt");
    EXPECT_EQ(in.rate_bps, 8'000U);
    EXPECT_GE(in.packets, 20U);
    EXPECT_GT(in.backlog, 10'000U) << "one leaves each second";
    EXPECT_EQ(in.drops, 0U);
    pod.endpoint.limits(0, 8'000);
    node_.attach(pod);
    inside.send(pod.far, 4000, text);
    EXPECT_TRUE(outside.receive());
    // Each socket has room for some that wait, and then waits itself.
    for (std::uint16_t port = 4001; port <= 4005; ++port) {
        const Udp another(pod.netns.fd(), pod.address, port);
        for (int i = 0; i < 50; ++i) {
            another.send(pod.far, 4000, text);
        }
    }
    const auto out = node_.observe(pod).egress;
    EXPECT_STREQ(out.mode, "edt");
    EXPECT_GT(out.drops, 100U);
    EXPECT_GT(out.packets, 20U);
    // Another limit does not forget.
    pod.endpoint.limits(0, 80'000'000);
    node_.attach(pod);
    EXPECT_GE(node_.observe(pod).egress.drops, out.drops);
    EXPECT_EQ(node_.observe(pod).egress.rate_bps, 80'000'000U);
}

}  // namespace
}  // namespace terway::test
