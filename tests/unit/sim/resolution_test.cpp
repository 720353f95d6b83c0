#include "sim/resolution.hpp"

#include <gtest/gtest.h>

#include "vpc.hpp"

namespace terway::sim {
namespace {

using Frame = std::vector<std::uint8_t>;

const Mac kAsker = Mac::parse("00:16:3e:00:00:01").value();
const Mac kAnswer = Mac::parse("ee:ff:ff:ff:ff:ff").value();

// Who has 10.0.0.253? Tell 10.0.0.10.
const Frame kRequest{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x16, 0x3e, 0x00, 0x00,
                     0x01, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01,
                     0x00, 0x16, 0x3e, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x0a, 0x00,
                     0x00, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0xfd};

// A solicitation for fd00::b from fd00::a, with the source link-layer address option.
Frame solicitation() {
    Frame frame{0x33, 0x33, 0xff, 0x00, 0x00, 0x0b, 0x00, 0x16, 0x3e, 0x00, 0x00,
                0x01, 0x86, 0xdd, 0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff};
    const auto append = [&](const IpAddress& address) {
        frame.insert(frame.end(), address.bytes().begin(), address.bytes().end());
    };
    append(ip("fd00::a"));
    append(ip("ff02::1:ff00:b"));
    frame.insert(frame.end(), {135, 0, 0, 0, 0, 0, 0, 0});
    append(ip("fd00::b"));
    frame.insert(frame.end(), {1, 1, 0x00, 0x16, 0x3e, 0x00, 0x00, 0x01});
    return frame;
}

TEST(SimResolution, ReadsAnArpRequest) {
    EXPECT_EQ(question_in(kRequest), (Question{kAsker, ip("10.0.0.10"), ip("10.0.0.253")}));
}

TEST(SimResolution, ReadsANeighbourSolicitation) {
    EXPECT_EQ(question_in(solicitation()), (Question{kAsker, ip("fd00::a"), ip("fd00::b")}));
}

TEST(SimResolution, IgnoresWhatWantsNoAnswer) {
    auto reply = kRequest;
    reply[21] = 2;
    auto probe = kRequest;
    std::fill_n(probe.begin() + 28, 4, std::uint8_t{0});
    auto announcement = kRequest;
    std::copy_n(announcement.begin() + 28, 4, announcement.begin() + 38);
    auto borrowed_mac = kRequest;
    borrowed_mac[27] = 9;
    auto detection = solicitation();
    std::fill_n(detection.begin() + 22, 16, std::uint8_t{0});
    auto routed = solicitation();
    routed[21] = 254;
    auto echo = solicitation();
    echo[54] = 128;
    for (const auto& frame : {reply, probe, announcement, borrowed_mac, detection, routed, echo}) {
        EXPECT_FALSE(question_in(frame));
    }
}

TEST(SimResolution, IgnoresEveryTruncatedFrame) {
    for (std::size_t size = 0; size < 42; ++size) {
        EXPECT_FALSE(question_in({kRequest.data(), size})) << size;
    }
    const auto full = solicitation();
    for (std::size_t size = 0; size < 78; ++size) {
        EXPECT_FALSE(question_in({full.data(), size})) << size;
    }
}

TEST(SimResolution, AnswersAnArpRequest) {
    const Frame expected{0x00, 0x16, 0x3e, 0x00, 0x00, 0x01, 0xee, 0xff, 0xff, 0xff, 0xff,
                         0xff, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x02,
                         0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0a, 0x00, 0x00, 0xfd, 0x00,
                         0x16, 0x3e, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x0a};
    EXPECT_EQ(answer_to(question_in(kRequest).value(), kAnswer, false), expected);
}

TEST(SimResolution, AdvertisesANeighbourWithAValidChecksum) {
    const auto frame = answer_to(question_in(solicitation()).value(), kAnswer, true);
    ASSERT_EQ(frame.size(), 86U);
    EXPECT_EQ(frame[54], 136);
    EXPECT_EQ(frame[58], 0xe0) << "router, solicited, override";
    EXPECT_EQ(answer_to(question_in(solicitation()).value(), kAnswer, false)[58], 0x60);
    // The sum over pseudo header and message, checksum included, is all ones.
    std::uint32_t sum = 58 + 32;
    for (std::size_t at = 22; at < frame.size(); at += 2) {
        sum += static_cast<std::uint32_t>(frame[at] << 8U | frame[at + 1]);
    }
    while (sum > 0xffff) {
        sum = (sum >> 16U) + (sum & 0xffffU);
    }
    EXPECT_EQ(sum, 0xffffU);
}

}  // namespace
}  // namespace terway::sim
