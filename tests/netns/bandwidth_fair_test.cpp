// What needs a kernel with ipvlan and fair queues.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "goodput.hpp"
#include "shaped_node.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr double kRate = 20e6;
constexpr double kBurst = 1e6;

void limit(ShapedPod& pod) {
    pod.endpoint.limits(static_cast<std::uint64_t>(kRate), static_cast<std::uint64_t>(kRate));
}

TEST(BandwidthOnIpvlan, IsHeldInBothDirectionsAndGoneWithTheLimit) {
    ShapedNode node;
    auto& pod = node.pod(PodKind::Ipvlan);
    const auto before = ShapedNode::shell(pod.netns, "tc qdisc; ip -o link");
    limit(pod);
    node.attach(pod);
    EXPECT_THAT(node.check(pod), IsEmpty());
    {
        Torrent in(pod.far_netns, pod.netns.fd(), pod.address);
        EXPECT_EQ(breach(in, kRate, kBurst), "") << "towards the pod";
    }
    Torrent out(pod.netns.fd(), pod.far_netns, pod.far);
    EXPECT_EQ(breach(out, kRate, kBurst), "") << "from the pod";
    node.detach(pod);
    EXPECT_TRUE(exceeds(out, kRate)) << "the limit outlives detach";
    EXPECT_EQ(ShapedNode::shell(pod.netns, "tc qdisc; ip -o link"), before);
}

TEST(BandwidthFairness, EachModeHasAQueueForEachFlow) {
    for (const auto* mode : {"auto", "tbf", "htb"}) {
        ShapedNode node(mode);
        auto& pod = node.pod();
        limit(pod);
        node.attach(pod);
        EXPECT_THAT(node.check(pod), IsEmpty());
        EXPECT_THAT(ShapedNode::shell(node.host(), "tc qdisc"),
                    AllOf(HasSubstr("fq_codel"), Not(HasSubstr("bfifo"))))
            << mode;
        node.restart(mode);
        EXPECT_THAT(node.check(pod), IsEmpty()) << "the kernel's rounding is no difference";
    }
}

TEST(BandwidthFairness, SixteenConnectionsGetAlike) {
    ShapedNode node;
    auto& pod = node.pod();
    pod.endpoint.limits(0, 5'000'000);  // what an emulated processor fills with ease
    node.attach(pod);
    Torrent out(pod.netns.fd(), pod.far_netns, pod.far, 16);
    (void)out.read_for(std::chrono::seconds(3));
    const auto begin = out.bytes_by_flow();
    (void)out.read_for(std::chrono::seconds(10));
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < begin.size(); ++i) {
        const auto bytes = double(out.bytes_by_flow()[i] - begin[i]);
        sum += bytes;
        squares += bytes * bytes;
    }
    EXPECT_GT(sum * sum / (16 * squares), 0.9);
}

}  // namespace
}  // namespace terway::test
