#include "packet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "denied_log.hpp"

namespace terway::felix {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

using Bytes = std::vector<std::uint8_t>;

// From 10.0.0.1:4660 to 10.0.0.2:80.
Bytes v4(std::uint8_t protocol = 6, std::uint8_t words = 5, std::uint16_t fragment = 0) {
    Bytes packet(words * 4UL);
    packet[0] = static_cast<std::uint8_t>(0x40U | words);
    packet[6] = static_cast<std::uint8_t>(fragment >> 8U);
    packet[7] = static_cast<std::uint8_t>(fragment);
    packet[9] = protocol;
    const Bytes ends{10, 0, 0, 1, 10, 0, 0, 2};
    std::copy(ends.begin(), ends.end(), packet.begin() + 12);
    const Bytes behind{0x12, 0x34, 0, 80, 0, 0, 0, 0};
    packet.insert(packet.end(), behind.begin(), behind.end());
    return packet;
}

// From fd00::1 to fd00::2; `behind` is what follows the header.
Bytes v6(std::uint8_t next, const Bytes& behind) {
    Bytes packet(40);
    packet[0] = 0x60;
    packet[6] = next;
    packet[8] = packet[24] = 0xfd;
    packet[23] = 1;
    packet[39] = 2;
    packet.insert(packet.end(), behind.begin(), behind.end());
    return packet;
}

std::string text(const Bytes& packet) {
    const auto flow = flow_of(packet);
    return flow ? flow->text() : "none";
}

TEST(Packet, SaysItsEnds) {
    EXPECT_EQ(text(v4()), "10.0.0.1:4660 -> 10.0.0.2:80 TCP");
    EXPECT_EQ(text(v4(17, 6)), "10.0.0.1:4660 -> 10.0.0.2:80 UDP") << "behind options";
    EXPECT_EQ(text(v6(17, {0x12, 0x34, 0, 80, 0, 0, 0, 0})), "[fd00::1]:4660 -> [fd00::2]:80 UDP");
}

TEST(Packet, HasNoPortsWhereItsProtocolHasNone) {
    EXPECT_EQ(text(v4(1)), "10.0.0.1 -> 10.0.0.2 ICMP");
    EXPECT_EQ(text(v6(58, {128, 0, 0, 0, 0, 0, 0, 0})), "fd00::1 -> fd00::2 ICMPv6");
    EXPECT_EQ(text(v4(47)), "10.0.0.1 -> 10.0.0.2 protocol 47");
}

TEST(Packet, LaterFragmentsHaveNoPorts) {
    EXPECT_EQ(text(v4(6, 5, 0x2000)), "10.0.0.1:4660 -> 10.0.0.2:80 TCP") << "the first of some";
    EXPECT_EQ(text(v4(6, 5, 1)), "10.0.0.1 -> 10.0.0.2 TCP");
    EXPECT_EQ(text(v6(44, {6, 0, 0, 8, 0, 0, 0, 0, 0x12, 0x34, 0, 80})), "fd00::1 -> fd00::2 TCP");
}

TEST(Packet, ExtensionHeadersAreSkipped) {
    EXPECT_EQ(text(v6(0, {60, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0, 80})),
              "[fd00::1]:4660 -> [fd00::2]:80 TCP");
}

TEST(Packet, OneThatIsCutOffAnywhereIsReadAsFarAsItGoes) {
    for (const auto& whole : {v4(), v4(17, 15), v6(0, {60, 0, 0, 0, 0, 0, 0, 0, 6, 255,
                                                       0,  0, 0, 0, 0, 0, 1, 2, 3, 4})}) {
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            (void)flow_of(part);
        }
    }
    EXPECT_EQ(text({}), "none");
    EXPECT_EQ(text({0x45, 0, 0}), "none");
    EXPECT_EQ(text({0x10, 0, 0}), "none");
}

TEST(DeniedLog, WritesTenASecondAndSaysHowManyItLeftOut) {
    std::vector<std::string> lines;
    DeniedLog log([&](const std::string& line) { lines.push_back(line); });
    const Deadline start{std::chrono::hours(1)};
    for (int i = 0; i < 25; ++i) {
        log.add("x", start);
    }
    EXPECT_THAT(lines, SizeIs(10));
    EXPECT_TRUE(log.has_left_out());
    log.tick(start + std::chrono::milliseconds(999));
    EXPECT_THAT(lines, SizeIs(10));
    lines.clear();
    log.add("y", start + std::chrono::milliseconds(1000));
    EXPECT_THAT(lines, ElementsAre("denied: 15 more packets, left out here", "denied: y"));
    EXPECT_FALSE(log.has_left_out());
}

TEST(DeniedLog, IsSilentUnlessItIsOn) {
    DeniedLog log({});
    log.add("x", Deadline{});
    log.lose(3);
    log.tick(Deadline{});
    EXPECT_FALSE(log.is_on());
}

}  // namespace
}  // namespace terway::felix
