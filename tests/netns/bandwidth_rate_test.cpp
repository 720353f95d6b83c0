// What gets through.
#include <gtest/gtest.h>

#include <ostream>

#include "goodput.hpp"
#include "shaped_node.hpp"

namespace terway::test {
namespace {

constexpr double kRate = 20e6;
constexpr double kBurst = 1e6;  // more than the module chooses at this rate

struct Case {
    const char* mode;
    PodKind kind;
    Family family;
};

void PrintTo(const Case& chosen, std::ostream* out) {
    *out << chosen.mode << (chosen.kind == PodKind::Veth ? " veth" : " exclusive")
         << (chosen.family == Family::V4 ? " IPv4" : " IPv6");
}

class BandwidthRate : public testing::TestWithParam<Case> {};

TEST_P(BandwidthRate, IsHeldInBothDirectionsAndGoneWithTheLimit) {
    const auto& [mode, kind, family] = GetParam();
    ShapedNode node(mode);
    auto& pod = node.pod(kind, family);
    pod.endpoint.limits(static_cast<std::uint64_t>(kRate), static_cast<std::uint64_t>(kRate));
    node.attach(pod);
    {
        Torrent in(pod.far_netns, pod.netns.fd(), pod.address);
        EXPECT_EQ(breach(in, kRate, kBurst), "") << "towards the pod";
    }
    Torrent out(pod.netns.fd(), pod.far_netns, pod.far);
    EXPECT_EQ(breach(out, kRate, kBurst), "") << "from the pod";
    node.detach(pod);
    EXPECT_TRUE(exceeds(out, kRate)) << "the limit outlives detach";
}

INSTANTIATE_TEST_SUITE_P(Everywhere, BandwidthRate,
                         testing::Values(Case{"auto", PodKind::Veth, Family::V4},
                                         Case{"htb", PodKind::Veth, Family::V4},
                                         Case{"auto", PodKind::Veth, Family::V6},
                                         Case{"auto", PodKind::Exclusive, Family::V4},
                                         Case{"htb", PodKind::Exclusive, Family::V6}));

TEST(BandwidthRate, OfANewLimitHoldsForConnectionsThatAreThere) {
    ShapedNode node;
    auto& pod = node.pod();
    pod.endpoint.limits(0, 5'000'000);
    node.attach(pod);
    Torrent out(pod.netns.fd(), pod.far_netns, pod.far);
    EXPECT_EQ(breach(out, 5e6, kBurst), "");
    pod.endpoint.limits(0, 50'000'000);
    node.attach(pod);
    EXPECT_EQ(breach(out, 50e6, kBurst), "");
}

// What waits is longer than the smaller burst of the new limit.
TEST(BandwidthRate, OfALowerLimitHoldsForConnectionsThatAreThere) {
    ShapedNode node;
    auto& pod = node.pod();
    pod.endpoint.limits(0, 500'000'000);
    node.attach(pod);
    Torrent out(pod.netns.fd(), pod.far_netns, pod.far);
    (void)out.read_for(std::chrono::milliseconds(500));
    constexpr double kLower = 5e6;
    pod.endpoint.limits(0, static_cast<std::uint64_t>(kLower));
    node.attach(pod);
    const auto deadline = after(patience(std::chrono::seconds(20)));
    double rate = 0;
    while (rate < kLower / 2 || rate > kLower * 2) {
        ASSERT_LT(Clock::now(), deadline) << rate << " bit/s get through";
        rate = out.read_for(std::chrono::milliseconds(500)).bits_per_second();
    }
}

TEST(BandwidthRate, IsSharedByTheTwoLinksOfAPod) {
    ShapedNode node;
    auto& pod = node.pod(PodKind::Exclusive);
    pod.endpoint.limits(static_cast<std::uint64_t>(kRate), static_cast<std::uint64_t>(kRate));
    node.attach(pod);
    const auto side = IpAddress::parse("10.8.1.1").value();
    Torrent by_nic(pod.netns.fd(), pod.far_netns, pod.far);
    Torrent by_side(pod.netns.fd(), node.host().fd(), side);
    const auto begin = Clock::now();
    std::uint64_t bytes = 0;
    for (int i = 0; i < 10; ++i) {
        (void)by_nic.read_for(std::chrono::milliseconds(100));
        (void)by_side.read_for(std::chrono::milliseconds(100));
    }
    bytes = by_nic.whole().bytes + by_side.whole().bytes;
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    EXPECT_LT(8.0 * double(bytes), 1.1 * kRate * seconds + 2 * kBurst);
    EXPECT_GT(by_nic.whole().bytes, 0U);
    EXPECT_GT(by_side.whole().bytes, 0U);
}

}  // namespace
}  // namespace terway::test
