// Network priorities: what pods of one ENI send, ranked. Needs a kernel with prio and skbedit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <thread>

#include "goodput.hpp"
#include "ranked_node.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr unsigned kDatagrams = 20;

std::size_t band_of(std::uint32_t priority) {
    return priority == TWY_PRIORITY_GUARANTEED ? 0 : priority == TWY_PRIORITY_BEST_EFFORT ? 2 : 1;
}

// That each of the pod's packets waits in this band and in no other but the middle one, where the
// host's own go.
void expect_band(const RankedNode& node, const RankedPod& pod, std::size_t band,
                 const std::string& when) {
    for (const auto& from : pod.addresses) {
        for (const int tos : {0, 0x08, 0x10, 0xb8}) {
            const auto before = node.bands();
            auto after = before;
            node.send(pod, from, kDatagrams, tos);
            EXPECT_TRUE(eventually([&] {
                after = node.bands();
                return after.at(band) >= before.at(band) + kDatagrams;
            })) << when
                << ": " << from.text() << " with TOS " << tos << " is not in band " << band;
            for (const std::size_t other : {0U, 2U}) {
                EXPECT_TRUE(other == band || after.at(other) == before.at(other))
                    << when << ": " << from.text() << " with TOS " << tos << " in band " << other;
            }
        }
    }
}

TEST(NetworkPriority, APodsPacketsAreInItsBandWhateverTypeOfServiceTheyHave) {
    for (const unsigned queues : {1U, 4U}) {
        RankedNode node(queues);
        for (const auto kind : {PodKind::Veth, PodKind::Ipvlan}) {
            for (const auto priority : {TWY_PRIORITY_NONE, TWY_PRIORITY_GUARANTEED,
                                        TWY_PRIORITY_BURSTABLE, TWY_PRIORITY_BEST_EFFORT}) {
                auto& pod = node.pod(kind, priority);
                node.attach(pod);
                EXPECT_THAT(node.check(pod), IsEmpty());
                expect_band(node, pod, band_of(priority),
                            std::to_string(queues) + " queues, kind " +
                                std::to_string(static_cast<int>(kind)));
            }
        }
    }
}

TEST(NetworkPriority, ARunningPodChangesItsBand) {
    RankedNode node;
    auto& pod = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    auto& other = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    node.attach(pod);
    node.attach(other);
    for (const auto priority :
         {TWY_PRIORITY_BEST_EFFORT, TWY_PRIORITY_NONE, TWY_PRIORITY_GUARANTEED}) {
        pod.endpoint.priority(priority);
        EXPECT_THAT(node.check(pod), HasSubstr("does not rank what 10.9.0.2 sends"));
        node.attach(pod);
        EXPECT_THAT(node.check(pod), IsEmpty());
        expect_band(node, pod, band_of(priority), "changed");
    }
    EXPECT_THAT(node.check(other), IsEmpty());
}

// The link beyond the ENI is slow: a token bucket, with what the module made inside of it.
TEST(NetworkPriority, TheGuaranteedGetThroughWhileBestEffortStarves) {
    RankedNode node;
    auto& first = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    auto& last = node.pod(PodKind::Veth, TWY_PRIORITY_BEST_EFFORT);
    node.attach(first);
    node.attach(last);
    auto made = node.shell("tc qdisc show dev eni root");
    made = made.substr(made.find("bands "));
    made = made.substr(0, made.find_first_of("\n"));
    node.shell(
        "tc qdisc replace dev eni root handle 1: tbf rate 2mbit burst 6k limit 1m; "
        "tc qdisc add dev eni parent 1:1 handle 2: prio " +
        made);
    const auto far = RankedNode::far(Family::V4);
    Torrent low(last.netns.fd(), node.vpc().fd(), far);
    const auto alone = low.read_for(std::chrono::seconds(3));
    EXPECT_GT(alone.bits_per_second(), 1e6) << "there is nobody to wait for";
    Torrent high(first.netns.fd(), node.vpc().fd(), far);
    (void)high.read_for(std::chrono::seconds(3));
    // Until what was on its way has arrived.
    double share = 0;
    for (int i = 0; i < 10 && share < 0.9; ++i) {
        auto below =
            std::async(std::launch::async, [&] { return low.read_for(std::chrono::seconds(3)); });
        const auto above = high.read_for(std::chrono::seconds(3));
        share = double(above.bytes) / double(above.bytes + below.get().bytes);
    }
    EXPECT_GE(share, 0.9);
}

TEST(NetworkPriority, DetachTakesThePodsFiltersAndNobodyElses) {
    RankedNode node;
    auto& a = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    auto& b = node.pod(PodKind::Ipvlan, TWY_PRIORITY_BEST_EFFORT);
    node.attach(a);
    node.attach(b);
    node.detach(a.endpoint);
    EXPECT_THAT(node.check(b), IsEmpty());
    EXPECT_THAT(node.check(a), HasSubstr("lacks the filter that ranks what 10.9.0.2 sends"));
    node.detach(a.endpoint);
    EXPECT_THAT(node.check(b), IsEmpty());
    node.attach(a);
    auto key = a.endpoint.key_alone();
    node.detach(key);
    EXPECT_THAT(node.check(a), HasSubstr("lacks the filter")) << "by the key alone";
    EXPECT_THAT(node.check(b), IsEmpty());
    node.detach(b.endpoint);
    EXPECT_THAT(node.state(), AllOf(HasSubstr("qdisc prio"), Not(HasSubstr("skbedit"))));
}

TEST(NetworkPriority, ALateDetachOfAFormerSandboxLeavesTheNewOnesFiltersAlone) {
    RankedNode node;
    auto& pod = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    node.attach(pod);
    auto former = pod.endpoint;
    pod.endpoint = sdk::testing::EndpointBuilder("newer", "eth0");
    pod.endpoint.netns(pod.netns.fd()).host_ifname(former.host_ifname());
    pod.endpoint.address("10.9.0.2").address("fd09::2").eni(former.raw().eni_ifindex);
    std::array<std::uint8_t, 6> mac{};
    std::copy_n(former.raw().eni_mac, mac.size(), mac.begin());
    pod.endpoint.eni_mac(mac).eni_id("eni-1").priority(TWY_PRIORITY_BEST_EFFORT);
    node.attach(pod);
    node.detach(former);
    EXPECT_THAT(node.check(pod), IsEmpty());
    expect_band(node, pod, 2, "after the late detach");
}

TEST(NetworkPriority, PodsComeAndGoAtTheSameTime) {
    RankedNode node(4);
    std::vector<RankedPod*> pods;
    for (int i = 0; i < 6; ++i) {
        pods.push_back(&node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED));
    }
    const auto at_once = [&](auto verb) {
        std::vector<std::future<void>> all;
        all.reserve(pods.size());
        for (auto* pod : pods) {
            all.push_back(std::async(std::launch::async, [&, pod] { verb(*pod); }));
        }
        for (auto& each : all) {
            EXPECT_NO_THROW(each.get());
        }
    };
    at_once([&](RankedPod& pod) { node.attach(pod); });
    for (auto* pod : pods) {
        EXPECT_THAT(node.check(*pod), IsEmpty());
    }
    at_once([&](RankedPod& pod) { node.detach(pod.endpoint); });
    EXPECT_THAT(node.state(), Not(HasSubstr("skbedit")));
}

TEST(NetworkPriority, CheckNamesWhatIsMissingAndAdoptRepairsIt) {
    struct Damage {
        unsigned queues;
        const char* command;
        const char* complaint;
    };
    for (const auto& damage :
         {Damage{1, "tc qdisc del dev eni root", "no qdisc prio of network priorities at the root"},
          Damage{1,
                 "tc qdisc change dev eni root handle 5450: prio bands 3 priomap 0 0 0 0 0 0 0 0 "
                 "0 0 0 0 0 0 0 0",
                 "has other bands"},
          Damage{1, "tc qdisc del dev eni clsact", "lacks the filter that ranks what 10.9.0.2"},
          Damage{1, "tc filter del dev eni egress prio 17", "ranks what fd09::2 sends"},
          Damage{4, "tc qdisc del dev eni root", "no qdisc mq of network priorities at the root"},
          Damage{4, "tc qdisc del dev eni parent 544d:3",
                 "no qdisc prio of network priorities at queue 3 of ENI eni-1 (eni)"}}) {
        RankedNode node(damage.queues);
        auto& pod = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
        node.attach(pod);
        const auto whole = node.shell("tc qdisc show dev eni");
        node.shell(damage.command);
        EXPECT_THAT(node.check(pod), HasSubstr(damage.complaint)) << damage.command;
        node.adopt(pod);
        EXPECT_THAT(node.check(pod), IsEmpty()) << damage.command;
        EXPECT_EQ(node.shell("tc qdisc show dev eni").size(), whole.size());
        expect_band(node, pod, 0, damage.command);
    }
}

TEST(NetworkPriority, SomebodyElsesQdiscStaysAndAttachSaysHowToRemoveIt) {
    RankedNode node;
    auto& pod = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    node.shell("tc qdisc add dev eni root handle 7: tbf rate 1gbit burst 100k limit 1m");
    const auto before = node.state();
    try {
        node.attach(pod);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("eni-1"), HasSubstr("tbf"),
                                        HasSubstr("tc qdisc del dev eni root")));
    }
    EXPECT_EQ(node.state(), before);
    node.shell("tc qdisc del dev eni root");
    node.attach(pod);
    EXPECT_THAT(node.check(pod), IsEmpty());
}

TEST(NetworkPriority, SomebodyElsesQdiscUnderAQueueStaysToo) {
    RankedNode node(4);
    auto& pod = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    node.attach(pod);
    node.shell("tc qdisc replace dev eni parent 544d:2 handle 9: pfifo");
    try {
        node.attach(pod);
        FAIL() << "no error";
    } catch (const Error& error) {
        const std::string text = error.what();
        EXPECT_THAT(text, AllOf(HasSubstr("queue 2 of ENI eni-1 (eni)"), HasSubstr("pfifo")));
        node.shell(text.substr(text.find("tc qdisc"), text.find(", or") - text.find("tc qdisc")));
    }
    node.attach(pod);
    EXPECT_THAT(node.check(pod), IsEmpty());
}

TEST(NetworkPriority, FiltersOfOthersStillRunAndStay) {
    RankedNode node;
    node.shell(
        "tc qdisc add dev eni clsact; tc filter add dev eni egress prio 40000 protocol ip "
        "u32 match ip dst 10.9.0.1/32 action drop");
    auto& pod = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    node.attach(pod);
    const auto before = node.bands();
    node.send(pod, pod.addresses[0], kDatagrams);
    EXPECT_TRUE(eventually([&] {
        return node.shell("tc -s filter show dev eni egress prio 40000").find("dropped 20") !=
               std::string::npos;
    }));
    EXPECT_EQ(node.bands().at(0), before.at(0));
    node.detach(pod.endpoint);
    node.purge();
    EXPECT_THAT(node.state(),
                AllOf(HasSubstr("clsact"), HasSubstr("pref 40000"), Not(HasSubstr("qdisc prio"))));
}

TEST(NetworkPriority, PurgeLeavesTheEniAsItWas) {
    for (const unsigned queues : {1U, 4U}) {
        RankedNode node(queues);
        const auto before = node.state();
        auto& pod = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
        node.attach(pod);
        node.detach(pod.endpoint);
        node.purge();
        EXPECT_EQ(node.state(), before);
    }
}

TEST(NetworkPriority, TurnedOffItIsGoneWithTheNextStart) {
    RankedNode node;
    const auto before = node.state();
    auto& pod = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    node.attach(pod);
    node.restart(true);
    EXPECT_THAT(node.check(pod), IsEmpty()) << "a restart changes nothing";
    node.restart(false);
    EXPECT_EQ(node.state(), before);
    node.adopt(pod);
    EXPECT_EQ(node.state(), before);
    EXPECT_THAT(node.check(pod), IsEmpty());
}

TEST(NetworkPriority, APodWithoutAnEniAndOneWithAWholeEniOfItsOwnGetNothing) {
    RankedNode node;
    const auto before = node.state();
    auto& plain = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    plain.endpoint.eni(0).eni_mac({});
    auto& whole = node.pod(PodKind::Veth, TWY_PRIORITY_GUARANTEED);
    whole.endpoint.eni_mac({2, 0, 0, 0, 0, 9});  // no link of the host's
    for (auto* pod : {&plain, &whole}) {
        node.attach(*pod);
        EXPECT_THAT(node.check(*pod), IsEmpty());
        EXPECT_EQ(node.state(), before);
        node.detach(pod->endpoint);
    }
}

}  // namespace
}  // namespace terway::test
