// What bandwidth-tc makes, finds again and takes back, beside what others make.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shaped_node.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint64_t kRate = 20'000'000;

std::string qdiscs(const Netns& netns) {
    return ShapedNode::shell(netns, "tc qdisc show; ip -o link show type ifb");
}
std::string filters(const Netns& netns, const std::string& link) {
    return ShapedNode::shell(
        netns, "tc filter show dev " + link + " ingress; tc filter show dev " + link + " egress");
}

class Bandwidth : public testing::Test {
protected:
    // A filter of somebody else's at the hook, that lets everything pass on to the next.
    static void add_foreign(const Netns& netns, const std::string& link, bool hook = true) {
        ShapedNode::shell(netns, (hook ? "tc qdisc add dev " + link + " clsact; " : "") +
                                     "tc filter add dev " + link +
                                     " ingress prio 5 protocol ip u32 match ip src 203.0.113.7/32 "
                                     "action mirred egress redirect dev lo");
    }

    ShapedNode node_;
};

TEST_F(Bandwidth, APodWithoutLimitsGetsNothing) {
    for (const auto kind : {PodKind::Veth, PodKind::Exclusive}) {
        auto& pod = node_.pod(kind);
        const auto host = qdiscs(node_.host());
        const auto inside = qdiscs(pod.netns);
        node_.attach(pod);
        EXPECT_EQ(qdiscs(node_.host()), host);
        EXPECT_EQ(qdiscs(pod.netns), inside);
        EXPECT_THAT(node_.check(pod), IsEmpty());
        node_.detach(pod);
    }
}

TEST_F(Bandwidth, EachDirectionIsLimitedByItself) {
    for (const auto kind : {PodKind::Veth, PodKind::Exclusive}) {
        for (const bool in : {true, false}) {
            auto& pod = node_.pod(kind);
            const auto host = qdiscs(node_.host());
            const auto inside = qdiscs(pod.netns);
            pod.endpoint.limits(in ? kRate : 0, in ? 0 : kRate);
            node_.attach(pod);
            EXPECT_NE(qdiscs(node_.host()) + qdiscs(pod.netns), host + inside);
            EXPECT_THAT(node_.check(pod), IsEmpty());
            node_.adopt(pod);
            EXPECT_THAT(node_.check(pod), IsEmpty());
            node_.detach(pod);
            EXPECT_EQ(qdiscs(node_.host()), host);
            EXPECT_EQ(qdiscs(pod.netns), inside);
        }
    }
}

TEST_F(Bandwidth, LimitsThatAreTakenAwayLeaveNothing) {
    for (const auto kind : {PodKind::Veth, PodKind::Exclusive}) {
        auto& pod = node_.pod(kind);
        const auto host = qdiscs(node_.host());
        const auto inside = qdiscs(pod.netns);
        pod.endpoint.limits(kRate, kRate);
        node_.attach(pod);
        pod.endpoint.limits(0, 0);
        EXPECT_THAT(node_.check(pod), HasSubstr("nobody asked for"));
        node_.attach(pod);
        EXPECT_THAT(node_.check(pod), IsEmpty());
        EXPECT_EQ(qdiscs(node_.host()), host);
        EXPECT_EQ(qdiscs(pod.netns), inside);
    }
}

TEST_F(Bandwidth, AnotherRateIsADifferenceUntilItIsAttached) {
    auto& pod = node_.pod();
    pod.endpoint.limits(kRate, kRate);
    node_.attach(pod);
    const auto host = pod.endpoint.host_ifname();
    pod.endpoint.limits(2 * kRate, kRate);
    EXPECT_THAT(node_.check(pod), HasSubstr("another rate"));
    node_.attach(pod);
    EXPECT_THAT(node_.check(pod), IsEmpty());
    pod.endpoint.limits(2 * kRate, 3 * kRate);
    EXPECT_THAT(node_.check(pod), HasSubstr("another rate"));
    node_.adopt(pod);
    EXPECT_THAT(node_.check(pod), IsEmpty());
}

TEST_F(Bandwidth, ABurstReachesTheKernel) {
    auto& pod = node_.pod();
    pod.endpoint.limits(kRate, kRate).bursts(8 * 512 * 1024, 0);
    node_.attach(pod);
    EXPECT_THAT(qdiscs(node_.host()), HasSubstr("burst 512Kb"));
    pod.endpoint.bursts(8 * 256 * 1024, 0);
    EXPECT_THAT(node_.check(pod), HasSubstr("another rate or size"));
}

TEST_F(Bandwidth, AHookOfSomebodyElseStaysWithItsFilters) {
    for (const auto kind : {PodKind::Veth, PodKind::Exclusive}) {
        auto& pod = node_.pod(kind);
        const auto& where = kind == PodKind::Veth ? node_.host() : pod.netns;
        const auto link = kind == PodKind::Veth ? pod.endpoint.host_ifname() : "eth0";
        add_foreign(where, link);
        const auto before = filters(where, link);
        pod.endpoint.limits(kRate, kRate);
        node_.attach(pod);
        EXPECT_THAT(filters(where, link), AllOf(HasSubstr("cb007107"), HasSubstr("pref 65520")));
        node_.detach(pod);
        EXPECT_EQ(filters(where, link), before);
        EXPECT_THAT(qdiscs(where), HasSubstr("clsact"));
    }
}

TEST_F(Bandwidth, OurHookStaysAsLongAsSomebodyElseHasAFilterOnIt) {
    auto& pod = node_.pod();
    const auto link = pod.endpoint.host_ifname();
    pod.endpoint.limits(kRate, kRate);
    node_.attach(pod);
    add_foreign(node_.host(), link, false);
    node_.detach(pod);
    EXPECT_THAT(filters(node_.host(), link),
                AllOf(HasSubstr("cb007107"), Not(HasSubstr("pref 65520"))));
}

TEST_F(Bandwidth, AQueueOfSomebodyElseIsNotOursToRemove) {
    auto& pod = node_.pod();
    ShapedNode::shell(node_.host(), "tc qdisc add dev " + pod.endpoint.host_ifname() +
                                        " root handle 7: pfifo limit 77");
    node_.attach(pod);
    node_.detach(pod);
    EXPECT_THAT(qdiscs(node_.host()), HasSubstr("limit 77p"));
}

TEST_F(Bandwidth, AFilterThatComesFirstDecidesWhatTheLimitSees) {
    auto& pod = node_.pod();
    const auto link = pod.endpoint.host_ifname();
    pod.endpoint.limits(kRate, kRate);
    node_.attach(pod);
    // To a link that is down: packets that match are dropped, as policy would.
    ShapedNode::shell(node_.host(),
                      "ip link add hole type ifb; tc filter add dev " + link +
                          " ingress prio 5 protocol ip u32 match ip dport 4000 0xffff action "
                          "mirred egress redirect dev hole");
    const Udp denied(node_.host().fd(), pod.far, 4000);
    const Udp allowed(node_.host().fd(), pod.far, 4001);
    const Udp sender(pod.netns.fd(), pod.address, 5000);
    EXPECT_TRUE(eventually([&] {
        sender.send(pod.far, 4000, "denied");
        sender.send(pod.far, 4001, "allowed");
        return allowed.receive(std::chrono::milliseconds(50)).has_value();
    }));
    EXPECT_FALSE(denied.receive(std::chrono::milliseconds(100)));
    node_.detach(pod);
    EXPECT_THAT(filters(node_.host(), link), HasSubstr("hole"));
}

TEST_F(Bandwidth, WhatIsRemovedBehindOurBackIsMissedAndPutBack) {
    for (const auto kind : {PodKind::Veth, PodKind::Exclusive}) {
        auto& pod = node_.pod(kind);
        pod.endpoint.limits(kRate, kRate);
        node_.attach(pod);
        const auto& where = kind == PodKind::Veth ? node_.host() : pod.netns;
        const auto link = kind == PodKind::Veth ? pod.endpoint.host_ifname() : "eth0";
        const auto ifb = ShapedNode::shell(
            where,
            "ip -o link show type ifb | sed 's/^[0-9]*: \\([^:]*\\):.*/\\1/' | head -1 | "
            "tr -d '\\n'");
        for (const auto& loss :
             {"tc qdisc del dev " + ifb + " root", "ip link set " + ifb + " down",
              "ip link del " + ifb, "tc filter del dev " + link + " ingress",
              "tc qdisc del dev " + link + " clsact"}) {
            ShapedNode::shell(where, loss);
            EXPECT_THAT(node_.check(pod), Not(IsEmpty())) << loss;
            node_.adopt(pod);
            EXPECT_THAT(node_.check(pod), IsEmpty()) << loss;
        }
        node_.detach(pod);
        EXPECT_THAT(qdiscs(where),
                    Not(AnyOf(HasSubstr("tbf"), HasSubstr("clsact"), HasSubstr("ifb"))));
    }
}

TEST_F(Bandwidth, AnotherModeTakesOverWhereThePodsAre) {
    auto& pod = node_.pod();
    pod.endpoint.limits(kRate, kRate);
    node_.attach(pod);
    node_.restart("htb");
    EXPECT_THAT(node_.check(pod), HasSubstr("no qdisc htb"));
    node_.adopt(pod);
    EXPECT_THAT(node_.check(pod), IsEmpty());
    EXPECT_THAT(qdiscs(node_.host()), AllOf(HasSubstr("htb"), Not(HasSubstr("tbf"))));
    node_.restart("tbf");
    node_.adopt(pod);
    EXPECT_THAT(qdiscs(node_.host()), AllOf(HasSubstr("tbf"), Not(HasSubstr("htb"))));
    node_.detach(pod);
    EXPECT_THAT(qdiscs(node_.host()), Not(HasSubstr("tbf")));
}

TEST_F(Bandwidth, ASandboxThatIsGoneTakesItsLimitsAlong) {
    auto& pod = node_.pod(PodKind::Exclusive);
    pod.endpoint.limits(kRate, kRate);
    node_.attach(pod);
    auto key = pod.endpoint.key_alone();
    EXPECT_NO_THROW(node_.detach(key));
    pod.endpoint.netns(-1);
    EXPECT_NO_THROW(node_.adopt(pod));
    EXPECT_THROW(node_.attach(pod), Error);
}

TEST_F(Bandwidth, ANewSandboxOfAPodKeepsItsLimitsWhenTheOldOneGoes) {
    auto& pod = node_.pod();
    pod.endpoint.limits(kRate, kRate);
    ShapedNode::shell(node_.host(), "ip link set " + pod.endpoint.host_ifname() +
                                        " alias 'terway " + pod.endpoint.container_id() + "/eth0'");
    node_.attach(pod);
    sdk::testing::EndpointBuilder old("an older container", "eth0");
    old.host_ifname(pod.endpoint.host_ifname());
    node_.detach(old);
    EXPECT_THAT(node_.check(pod), IsEmpty());
}

}  // namespace
}  // namespace terway::test
