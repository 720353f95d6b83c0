#include "sim/resolution.hpp"

#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip6.h>

#include <algorithm>
#include <array>

namespace terway::sim {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Offsets into an Ethernet frame; 14 bytes of header come first.
constexpr std::size_t kEthernet = 14;
constexpr std::size_t kArpFrame = 42;
constexpr std::size_t kIp6 = kEthernet;
constexpr std::size_t kIcmp6 = kEthernet + 40;
constexpr std::size_t kSolicitationFrame = kIcmp6 + 24;

std::uint16_t u16(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

IpAddress ip(Family family, Bytes bytes, std::size_t at) {
    return {family, bytes.subspan(at, family == Family::V4 ? 4 : 16)};
}

bool is_zero(const IpAddress& address) {
    const auto bytes = address.bytes();
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

std::optional<Question> arp_request(Bytes frame, const Mac& source) {
    const bool ethernet_ip = frame.size() >= kArpFrame && u16(frame, 14) == ARPHRD_ETHER &&
                             u16(frame, 16) == ETHERTYPE_IP && u16(frame, 20) == ARPOP_REQUEST;
    if (!ethernet_ip || !std::equal(source.bytes.begin(), source.bytes.end(), &frame[22])) {
        return std::nullopt;
    }
    return Question{source, ip(Family::V4, frame, 28), ip(Family::V4, frame, 38)};
}

std::optional<Question> neighbour_solicitation(Bytes frame, const Mac& source) {
    if (frame.size() < kSolicitationFrame || frame[kIp6 + 6] != IPPROTO_ICMPV6 ||
        frame[kIp6 + 7] != 255 || frame[kIcmp6] != ND_NEIGHBOR_SOLICIT) {
        return std::nullopt;
    }
    return Question{source, ip(Family::V6, frame, kIp6 + 8), ip(Family::V6, frame, kIcmp6 + 8)};
}

void append(std::vector<std::uint8_t>& frame, Bytes bytes) {
    frame.insert(frame.end(), bytes.begin(), bytes.end());
}

void append16(std::vector<std::uint8_t>& frame, std::uint16_t value) {
    frame.push_back(static_cast<std::uint8_t>(value >> 8U));
    frame.push_back(static_cast<std::uint8_t>(value));
}

std::vector<std::uint8_t> ethernet(const Mac& to, const Mac& from, std::uint16_t type) {
    std::vector<std::uint8_t> frame;
    append(frame, to.bytes);
    append(frame, from.bytes);
    append16(frame, type);
    return frame;
}

// Of the pseudo header and the ICMPv6 message that ends `frame`.
std::uint16_t checksum(Bytes frame) {
    std::uint32_t sum = IPPROTO_ICMPV6 + static_cast<std::uint32_t>(frame.size() - kIcmp6);
    for (std::size_t at = kIp6 + 8; at < frame.size(); at += 2) {
        sum += u16(frame, at);
    }
    while (sum > 0xffff) {
        sum = (sum >> 16U) + (sum & 0xffffU);
    }
    return static_cast<std::uint16_t>(~sum);
}

std::vector<std::uint8_t> arp_reply(const Question& question, const Mac& mac) {
    auto frame = ethernet(question.asker, mac, ETHERTYPE_ARP);
    append16(frame, ARPHRD_ETHER);
    append16(frame, ETHERTYPE_IP);
    frame.push_back(6);
    frame.push_back(4);
    append16(frame, ARPOP_REPLY);
    append(frame, mac.bytes);
    append(frame, question.target.bytes());
    append(frame, question.asker.bytes);
    append(frame, question.from.bytes());
    return frame;
}

std::vector<std::uint8_t> neighbour_advertisement(const Question& question, const Mac& mac,
                                                  bool router) {
    constexpr std::uint16_t kSize = 32;
    constexpr std::uint8_t kRouter = 0x80;
    constexpr std::uint8_t kSolicitedOverride = 0x60;
    auto frame = ethernet(question.asker, mac, ETHERTYPE_IPV6);
    append(frame, std::array<std::uint8_t, 4>{0x60, 0, 0, 0});
    append16(frame, kSize);
    frame.push_back(IPPROTO_ICMPV6);
    frame.push_back(255);
    append(frame, question.target.bytes());
    append(frame, question.from.bytes());
    append(frame, std::array<std::uint8_t, 4>{ND_NEIGHBOR_ADVERT, 0, 0, 0});
    frame.push_back(router ? kRouter | kSolicitedOverride : kSolicitedOverride);
    append(frame, std::array<std::uint8_t, 3>{});
    append(frame, question.target.bytes());
    frame.push_back(ND_OPT_TARGET_LINKADDR);
    frame.push_back(1);
    append(frame, mac.bytes);
    const std::uint16_t sum = checksum(frame);
    frame[kIcmp6 + 2] = static_cast<std::uint8_t>(sum >> 8U);
    frame[kIcmp6 + 3] = static_cast<std::uint8_t>(sum);
    return frame;
}

}  // namespace

std::optional<Question> question_in(Bytes frame) {
    if (frame.size() < kEthernet) {
        return std::nullopt;
    }
    Mac source;
    std::copy_n(&frame[6], source.bytes.size(), source.bytes.begin());
    std::optional<Question> question;
    switch (u16(frame, 12)) {
        case ETHERTYPE_ARP:
            question = arp_request(frame, source);
            break;
        case ETHERTYPE_IPV6:
            question = neighbour_solicitation(frame, source);
            break;
        default:
            break;
    }
    const bool wants_answer =
        question && !is_zero(question->from) && question->from != question->target;
    return wants_answer ? question : std::nullopt;
}

std::vector<std::uint8_t> answer_to(const Question& question, const Mac& mac, bool router) {
    return question.target.is_v4() ? arp_reply(question, mac)
                                   : neighbour_advertisement(question, mac, router);
}

}  // namespace terway::sim
