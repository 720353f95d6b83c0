// Network priorities from the annotation to the ENI: API server, kubelet, terwayd, veth on ENIs and
// bandwidth-tc. Needs a kernel with prio and skbedit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "bands.hpp"
#include "cloud_node.hpp"
#include "kube_node.hpp"
#include "netlink/link.hpp"
#include "netlink/tc.hpp"

namespace terway::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr std::chrono::seconds kLimit{30};
constexpr const char* kPriority = "k8s.aliyun.com/network-priority";
constexpr unsigned kDatagrams = 10;
// As the module's README has them: of the filters, and what they set.
constexpr std::uint16_t kOfV4 = 16;
constexpr std::uint16_t kOfV6 = 17;
constexpr std::uint32_t kGuaranteed = 8;
constexpr std::uint32_t kBurstable = 0;
constexpr std::uint32_t kBestEffort = 9;

using Ranks = std::map<IpAddress, std::uint32_t>;

class KubePriority : public testing::Test {
protected:
    KubePriority() { cluster_.set_modules("[module.bandwidth-tc]\nnetwork_priority = true\n"); }

    // All pods' addresses and what the filters make of their packets; notes the ENI.
    Ranks ranks() {
        auto socket = netlink::Socket::in(cloud_.node().fd());
        Ranks all;
        for (const auto& link : netlink::links(socket)) {
            for (const auto& each : netlink::filters(socket, link.index, netlink::Hook::Egress)) {
                if (each.kind != "u32" || !each.source) {
                    continue;
                }
                EXPECT_EQ(each.priority, each.source->is_v4() ? kOfV4 : kOfV6);
                EXPECT_EQ(all.count(*each.source), 0U) << "two filters of " << each.source->text();
                all[*each.source] = each.actions.at(0).priority;
                eni_ = link.name;
            }
        }
        return all;
    }
    // A running pod. An empty text: without the annotation.
    void make_pod(const std::string& name, const std::string& priority) {
        PodWish wish;
        if (!priority.empty()) {
            wish.annotations[kPriority] = priority;
        }
        cluster_.create(name, wish);
        (void)cluster_.await_running(name);
        EXPECT_THAT(cluster_.addresses(name), SizeIs(2));
    }
    Ranks of(const std::string& pod, std::uint32_t priority) {
        Ranks all;
        for (const auto& each : cluster_.addresses(pod)) {
            all[each] = priority;
        }
        return all;
    }
    static Ranks both(Ranks a, const Ranks& b) {
        a.insert(b.begin(), b.end());
        return a;
    }
    std::string tc() {
        return cloud_.node().shell("tc qdisc show dev " + eni_ + "; tc filter show dev " + eni_ +
                                   " egress");
    }
    Bands bands() { return read_bands(cloud_.node().shell("tc -s class show dev " + eni_)); }
    // What the host sends itself is in the middle one.
    void expect_band(const std::string& pod, std::size_t band) {
        const auto sandbox = cluster_.kubelet().sandbox("default", pod);
        const auto before = bands();
        for (const auto& from : cluster_.addresses(pod)) {
            for (unsigned i = 0; i < kDatagrams; ++i) {
                EXPECT_TRUE(eventually([&] { return cloud_.talks(*sandbox, from); }, kLimit));
            }
        }
        const auto after = bands();
        EXPECT_GE(after.at(band), before.at(band) + 2 * kDatagrams) << pod;
        for (const std::size_t other : {0U, 2U}) {
            EXPECT_TRUE(other == band || after.at(other) == before.at(other))
                << pod << " in band " << other;
        }
    }
    bool told(const std::string& pod, const std::string& what) {
        return eventually(
            [&] {
                const auto all = cluster_.events(pod);
                return std::any_of(all.begin(), all.end(), [&](const std::string& event) {
                    return testing::Matches(AllOf(
                        StartsWith(what), HasSubstr(kPriority), HasSubstr("\"urgent\""),
                        HasSubstr("\"guaranteed\", \"burstable\" or \"best-effort\"")))(event);
                });
            },
            kLimit);
    }

    CloudNode cloud_{
        {.pool = "families = \"dual\"\nmin_idle = 2", .chain = "qos = \"bandwidth-tc\""}};
    KubeNode cluster_{
        cloud_.node(),
        {IpAddress::parse(CloudNode::kNode4).value(), IpAddress::parse(CloudNode::kNode6).value()}};
    std::string eni_;
};

TEST_F(KubePriority, RanksPodsByTheirAnnotationFollowsItAndGoesWithThem) {
    auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    make_pod("first", "guaranteed");
    make_pod("last", "best-effort");
    make_pod("plain", "");
    const auto plain = of("plain", kBurstable);
    const auto last = of("last", kBestEffort);
    EXPECT_EQ(ranks(), both(of("first", kGuaranteed), both(last, plain)));
    EXPECT_THAT(tc(), HasSubstr("qdisc prio 5450: root"));
    expect_band("first", 0);
    expect_band("plain", 1);
    expect_band("last", 2);

    cluster_.annotate("first", kPriority, "best-effort");
    EXPECT_TRUE(eventually(
        [&] { return ranks() == both(of("first", kBestEffort), both(last, plain)); }, kLimit));
    expect_band("first", 2);
    EXPECT_TRUE(eventually(
        [&] {
            return testing::Matches(
                Contains(AllOf(StartsWith("Normal BandwidthChanged: "), HasSubstr("best-effort"))))(
                cluster_.events("first"));
        },
        kLimit));
    cluster_.annotate("plain", kPriority, "guaranteed");
    EXPECT_TRUE(eventually(
        [&] {
            return ranks() == both(of("first", kBestEffort), both(last, of("plain", kGuaranteed)));
        },
        kLimit));
    expect_band("plain", 0);

    const auto before = tc();
    daemon->kill();
    EXPECT_EQ(tc(), before);
    daemon = cluster_.start_daemon();
    EXPECT_TRUE(daemon->logged("kept=3")) << daemon->log();
    EXPECT_EQ(tc(), before) << "the very same, nothing made anew";
    expect_band("plain", 0);

    auto left = both(of("first", kBestEffort), last);
    cluster_.remove("plain");
    EXPECT_TRUE(eventually([&] { return cluster_.pod("plain").empty(); }, kLimit));
    EXPECT_EQ(ranks(), left);
    cluster_.remove("first");
    cluster_.remove("last");
    EXPECT_TRUE(eventually([&] { return cluster_.kubelet().sandboxes() == 0; }, kLimit));
    EXPECT_THAT(ranks(), IsEmpty());
    EXPECT_THAT(tc(), HasSubstr("qdisc prio 5450: root"))
        << "so that pods to come interrupt nothing";
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(KubePriority, WhatChangesWhileThereIsNoDaemonIsMadeUpFor) {
    auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    make_pod("web", "guaranteed");
    make_pod("other", "best-effort");
    const auto other = of("other", kBestEffort);
    ASSERT_EQ(ranks(), both(of("web", kGuaranteed), other));
    daemon->kill();
    cluster_.annotate("web", kPriority, "burstable");
    cloud_.node().shell("tc filter del dev " + eni_ + " egress");
    daemon = cluster_.start_daemon();
    EXPECT_TRUE(eventually([&] { return ranks() == both(of("web", kBurstable), other); }, kLimit))
        << tc() << daemon->log();
}

TEST_F(KubePriority, AnUnknownValueFailsTheAddAndAnEventSaysWhatItMustBe) {
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("wrong", {.annotations = {{kPriority, "urgent"}}});
    EXPECT_TRUE(told("wrong", "Warning AllocIPFailed: "))
        << testing::PrintToString(cluster_.events("wrong"));
    EXPECT_TRUE(told("wrong", "Warning FailedCreatePodSandBox: "))
        << testing::PrintToString(cluster_.events("wrong"));
    EXPECT_EQ(cluster_.phase("wrong"), "Pending");
    EXPECT_THAT(ranks(), IsEmpty());
    // The kubelet tries again.
    cluster_.annotate("wrong", kPriority, "guaranteed");
    (void)cluster_.await_running("wrong");
    const auto right = of("wrong", kGuaranteed);
    EXPECT_EQ(ranks(), right);
    // A running pod keeps what it has.
    cluster_.annotate("wrong", kPriority, "urgent");
    EXPECT_TRUE(told("wrong", "Warning BandwidthRefused: "));
    EXPECT_EQ(ranks(), right);
}

}  // namespace
}  // namespace terway::test
