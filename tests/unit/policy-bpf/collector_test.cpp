#include "collector.hpp"

#include <gtest/gtest.h>

#include <string>

namespace terway::policy_bpf {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kSctp = 132;
constexpr std::uint64_t kSeen = 100'000 * POLICY_SECOND;

struct Kind {
    const char* name;
    std::uint8_t protocol;
    std::uint8_t flags;
    std::uint64_t seconds;  // that it is known after its last packet
};

void PrintTo(const Kind& kind, std::ostream* out) {
    *out << kind.name;
}

bool is_over_after(const Kind& kind, std::uint64_t nanoseconds) {
    policy_connection_key key{};
    key.protocol = kind.protocol;
    policy_connection connection{};
    connection.seen = kSeen;
    connection.flags = kind.flags;
    return is_over(key, connection, kSeen + nanoseconds);
}

class ConnectionKinds : public testing::TestWithParam<Kind> {};

TEST_P(ConnectionKinds, AreKnownForTheirTimeAndTheSecondTheirLastPacketMayBeLater) {
    const auto time = (GetParam().seconds + 1) * POLICY_SECOND;
    EXPECT_FALSE(is_over_after(GetParam(), 0));
    EXPECT_FALSE(is_over_after(GetParam(), time - 1));
    EXPECT_TRUE(is_over_after(GetParam(), time));
    EXPECT_TRUE(is_over_after(GetParam(), 2 * time));
}

INSTANTIATE_TEST_SUITE_P(
    Each, ConnectionKinds,
    testing::Values(
        Kind{"TcpOpening", kTcp, 0, 60}, Kind{"TcpOpen", kTcp, POLICY_ANSWERED, 8'000},
        Kind{"TcpHalfClosed", kTcp, POLICY_ANSWERED | POLICY_LOCAL_DONE, 8'000},
        Kind{"TcpHalfClosedByTheOtherEnd", kTcp, POLICY_ANSWERED | POLICY_REMOTE_DONE, 8'000},
        Kind{"TcpClosed", kTcp, POLICY_ANSWERED | POLICY_LOCAL_DONE | POLICY_REMOTE_DONE, 10},
        Kind{"TcpReset", kTcp, POLICY_ANSWERED | POLICY_RESET, 120},
        Kind{"TcpRefused", kTcp, POLICY_RESET, 120},
        Kind{"TcpCut", kTcp, POLICY_ANSWERED | POLICY_CUT, 8'000},
        Kind{"TcpAlways", kTcp, POLICY_ALWAYS, 60}, Kind{"UdpAsked", kUdp, 0, 60},
        Kind{"UdpAnswered", kUdp, POLICY_ANSWERED, 180},
        Kind{"UdpCut", kUdp, POLICY_ANSWERED | POLICY_CUT, 180}, Kind{"SctpAsked", kSctp, 0, 60},
        Kind{"SctpAnswered", kSctp, POLICY_ANSWERED, 180}, Kind{"EchoAsked", kIcmp, 0, 60},
        Kind{"EchoAnswered", kIcmp, POLICY_ANSWERED, 180}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(IsOver, NothingIsThatWasSeenByAnotherProcessorAMomentLater) {
    policy_connection_key key{};
    key.protocol = kUdp;
    policy_connection connection{};
    connection.seen = kSeen;
    EXPECT_FALSE(is_over(key, connection, kSeen - 1));
    EXPECT_FALSE(is_over(key, connection, 0));
}

}  // namespace
}  // namespace terway::policy_bpf
