// What gets through in mode "edt".
#include <gtest/gtest.h>

#include <ostream>
#include <thread>

#include "goodput.hpp"
#include "shaped_node.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

constexpr double kRate = 20e6;
constexpr double kBurst = 1e6;  // more than the module chooses at this rate

struct Case {
    PodKind kind;
    Family family;
};

void PrintTo(const Case& chosen, std::ostream* out) {
    *out << (chosen.kind == PodKind::Veth     ? "veth"
             : chosen.kind == PodKind::Ipvlan ? "ipvlan"
                                              : "exclusive")
         << (chosen.family == Family::V4 ? " IPv4" : " IPv6");
}

void limit(ShapedPod& pod, double rate = kRate) {
    pod.endpoint.limits(static_cast<std::uint64_t>(rate), static_cast<std::uint64_t>(rate));
}

// Datagrams without a pause, as many as the sender can.
class Flood {
public:
    Flood(int from_netns, const IpAddress& from, int to_netns, const IpAddress& to)
        : sender_(from_netns, from, 5000), receiver_(to_netns, to, 5001), to_(to) {
        thread_ = std::jthread([this](const std::stop_token& stop) {
            const std::string text(1'200, 'x');
            while (!stop.stop_requested()) {
                sender_.send(to_, 5001, text);
            }
        });
    }
    // As breach() has it.
    std::string breach(double limit, double burst_bits) {
        const auto deadline = after(patience(std::chrono::seconds(20)));
        const auto begin = Clock::now();
        double whole = 0;
        double best = 0;
        while (Clock::now() < deadline) {
            const auto opening = Clock::now();
            const auto window_end = after(std::chrono::seconds(1));
            double window = 0;
            while (Clock::now() < window_end) {
                if (const auto got = receiver_.receive(std::chrono::milliseconds(100))) {
                    window += 8.0 * double(got->text.size());
                }
            }
            whole += window;
            const auto seconds = [](Clock::duration span) {
                return std::chrono::duration<double>(span).count();
            };
            if (whole > limit * 1.05 * seconds(Clock::now() - begin) + burst_bits) {
                return std::to_string(whole) + " bits got through";
            }
            best = std::max(best, window / seconds(Clock::now() - opening));
            if (best > 0.85 * limit && seconds(Clock::now() - begin) > 3) {
                return {};
            }
        }
        return "no more than " + std::to_string(best) + " bit/s got through";
    }

private:
    Udp sender_;
    Udp receiver_;
    IpAddress to_;
    std::jthread thread_;
};

class BandwidthEdtRate : public testing::TestWithParam<Case> {};

TEST_P(BandwidthEdtRate, IsHeldInBothDirectionsAndGoneWithTheLimit) {
    const auto& [kind, family] = GetParam();
    ShapedNode node("edt");
    auto& pod = node.pod(kind, family);
    limit(pod);
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

TEST_P(BandwidthEdtRate, IsHeldForDatagramsInBothDirections) {
    constexpr double kUdpRate = 4e6;  // what an emulated processor fills with ease
    const auto& [kind, family] = GetParam();
    ShapedNode node("edt");
    auto& pod = node.pod(kind, family);
    limit(pod, kUdpRate);
    node.attach(pod);
    {
        Flood in(pod.far_netns, pod.far, pod.netns.fd(), pod.address);
        EXPECT_EQ(in.breach(kUdpRate, kBurst), "") << "towards the pod";
    }
    Flood out(pod.netns.fd(), pod.address, pod.far_netns, pod.far);
    EXPECT_EQ(out.breach(kUdpRate, kBurst), "") << "from the pod";
}

INSTANTIATE_TEST_SUITE_P(Everywhere, BandwidthEdtRate,
                         testing::Values(Case{PodKind::Veth, Family::V4},
                                         Case{PodKind::Veth, Family::V6},
                                         Case{PodKind::Ipvlan, Family::V4},
                                         Case{PodKind::Exclusive, Family::V4}));

TEST(BandwidthEdtRate, OfANewLimitHoldsForConnectionsThatAreThere) {
    ShapedNode node("edt");
    auto& pod = node.pod();
    limit(pod, 5e6);
    node.attach(pod);
    Torrent in(pod.far_netns, pod.netns.fd(), pod.address);
    Torrent out(pod.netns.fd(), pod.far_netns, pod.far);
    EXPECT_EQ(breach(in, 5e6, kBurst), "");
    EXPECT_EQ(breach(out, 5e6, 5 * kBurst), "") << "it had waited to be read";
    limit(pod, 50e6);
    node.attach(pod);
    EXPECT_TRUE(exceeds(in, 15e6));
    EXPECT_TRUE(exceeds(out, 15e6));
    limit(pod, 5e6);
    node.attach(pod);
    const auto holds = [](Torrent& torrent) {
        const auto deadline = after(patience(std::chrono::seconds(20)));
        double rate = 0;
        while (rate < 5e6 / 2 || rate > 5e6 * 1.5) {
            if (Clock::now() > deadline) {
                return "in the end " + std::to_string(rate) + " bit/s get through";
            }
            rate = torrent.read_for(std::chrono::seconds(1)).bits_per_second();
        }
        return std::string();
    };
    EXPECT_EQ(holds(in), "");
    EXPECT_EQ(holds(out), "");
}

TEST(BandwidthEdtRate, IsSharedByTheTwoLinksOfAPod) {
    ShapedNode node("edt");
    auto& pod = node.pod(PodKind::Exclusive);
    limit(pod);
    node.attach(pod);
    Torrent by_nic(pod.netns.fd(), pod.far_netns, pod.far);
    Torrent by_side(pod.netns.fd(), node.host().fd(), IpAddress::parse("10.8.1.1").value());
    const auto begin = Clock::now();
    for (int i = 0; i < 10; ++i) {
        (void)by_nic.read_for(std::chrono::milliseconds(200));
        (void)by_side.read_for(std::chrono::milliseconds(200));
    }
    const auto bytes = by_nic.whole().bytes + by_side.whole().bytes;
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    EXPECT_LT(8.0 * double(bytes), 1.1 * kRate * seconds + 2 * kBurst);
    EXPECT_GT(by_nic.whole().bytes, 0U);
    EXPECT_GT(by_side.whole().bytes, 0U);
}

}  // namespace
}  // namespace terway::test
