#include "packet_builder.hpp"

#include <net/ethernet.h>
#include <netinet/in.h>

#include <algorithm>
#include <span>
#include <utility>

namespace terway::test {
namespace {

constexpr std::uint8_t kFragmentHeader = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint16_t kMoreFragments = 0x2000;

void put(Bytes& out, std::span<const std::uint8_t> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void put16(Bytes& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put32(Bytes& out, std::uint32_t value) {
    put16(out, value >> 16U);
    put16(out, value & 0xffffU);
}

void set_checksum(Bytes& header, std::size_t at) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < header.size(); i += 2) {
        sum += static_cast<std::uint32_t>(header[i] << 8U) + header[i + 1];
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    header[at] = static_cast<std::uint8_t>(~sum >> 8U);
    header[at + 1] = static_cast<std::uint8_t>(~sum);
}

std::uint8_t bit_of(char flag) {
    switch (flag) {
        case 'F':
            return 0x01;
        case 'S':
            return 0x02;
        case 'R':
            return 0x04;
        case 'P':
            return 0x08;
        case 'A':
            return 0x10;
        default:
            return 0x20;  // U
    }
}

}  // namespace

Bytes ethernet_frame(std::uint16_t type, const Bytes& payload) {
    Bytes frame{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
    put16(frame, type);
    put(frame, payload);
    return frame;
}

PacketBuilder::PacketBuilder(const IpAddress& source, const IpAddress& destination)
    : source_(source), destination_(destination) {}

PacketBuilder& PacketBuilder::hop_limit(std::uint8_t hops) {
    hops_ = hops;
    return *this;
}

PacketBuilder& PacketBuilder::options(unsigned words) {
    option_words_ = words;
    return *this;
}

PacketBuilder& PacketBuilder::extension(std::uint8_t type, std::uint8_t length) {
    const std::size_t size = type == kAuthentication ? (length + 2UL) * 4 : (length + 1UL) * 8;
    Extension made{type, Bytes(size)};
    made.bytes[1] = length;
    extensions_.push_back(std::move(made));
    return *this;
}

PacketBuilder& PacketBuilder::fragment(std::uint32_t id, std::uint16_t offset, bool has_more) {
    if (is_v4()) {
        id_ = static_cast<std::uint16_t>(id);
        place_ = static_cast<std::uint16_t>(offset | (has_more ? kMoreFragments : 0));
        return *this;
    }
    Extension made{kFragmentHeader, Bytes(2)};
    put16(made.bytes, static_cast<std::size_t>(offset << 3U) | (has_more ? 1U : 0U));
    put32(made.bytes, id);
    extensions_.push_back(std::move(made));
    return *this;
}

PacketBuilder& PacketBuilder::ports(std::uint8_t protocol, std::uint16_t source,
                                    std::uint16_t destination, std::size_t size) {
    Bytes header;
    put16(header, source);
    put16(header, destination);
    header.resize(size);
    return other(protocol, header);
}

PacketBuilder& PacketBuilder::tcp(std::uint16_t source, std::uint16_t destination,
                                  std::string_view flags) {
    ports(IPPROTO_TCP, source, destination, 20);
    payload_[12] = 0x50;
    for (const char flag : flags) {
        payload_[13] |= bit_of(flag);
    }
    return *this;
}

PacketBuilder& PacketBuilder::udp(std::uint16_t source, std::uint16_t destination) {
    constexpr std::uint8_t kSize = 16;
    ports(IPPROTO_UDP, source, destination, kSize);
    payload_[5] = kSize;
    return *this;
}

PacketBuilder& PacketBuilder::sctp(std::uint16_t source, std::uint16_t destination) {
    return ports(IPPROTO_SCTP, source, destination, 16);
}

PacketBuilder& PacketBuilder::icmp(std::uint8_t type, std::uint8_t code) {
    Bytes message{type, code};
    message.resize(16);
    return other(static_cast<std::uint8_t>(is_v4() ? +IPPROTO_ICMP : +IPPROTO_ICMPV6), message);
}

PacketBuilder& PacketBuilder::echo_message(bool is_reply, std::uint16_t id) {
    constexpr std::uint8_t kV6Request = 128;
    icmp(is_v4() ? (is_reply ? 0 : 8) : static_cast<std::uint8_t>(kV6Request + (is_reply ? 1 : 0)));
    payload_[4] = static_cast<std::uint8_t>(id >> 8U);
    payload_[5] = static_cast<std::uint8_t>(id);
    return *this;
}

PacketBuilder& PacketBuilder::echo(std::uint16_t id) {
    return echo_message(false, id);
}

PacketBuilder& PacketBuilder::echo_reply(std::uint16_t id) {
    return echo_message(true, id);
}

PacketBuilder& PacketBuilder::error(std::uint8_t type, const PacketBuilder& about,
                                    std::size_t bytes) {
    icmp(type);
    payload_.resize(8);
    const auto inner = about.packet();
    put(payload_, std::span(inner).first(std::min(inner.size(), about.header_size() + bytes)));
    return *this;
}

PacketBuilder& PacketBuilder::other(std::uint8_t protocol, const Bytes& payload) {
    protocol_ = protocol;
    payload_ = payload;
    return *this;
}

Bytes PacketBuilder::v4_header() const {
    const auto words = 5 + option_words_;
    Bytes header{static_cast<std::uint8_t>(0x40U | words), 0};
    put16(header, words * 4 + payload_.size());
    put16(header, id_);
    put16(header, place_);
    put(header, Bytes{hops_, protocol_, 0, 0});
    put(header, source_.bytes());
    put(header, destination_.bytes());
    header.resize(words * 4UL, 1);  // "no operation"
    set_checksum(header, 10);
    return header;
}

Bytes PacketBuilder::v6_header() const {
    Bytes behind;
    for (std::size_t i = 0; i < extensions_.size(); ++i) {
        auto bytes = extensions_[i].bytes;
        bytes[0] = i + 1 < extensions_.size() ? extensions_[i + 1].type : protocol_;
        put(behind, bytes);
    }
    Bytes header{0x60, 0, 0, 0};
    put16(header, behind.size() + payload_.size());
    header.push_back(extensions_.empty() ? protocol_ : extensions_.front().type);
    header.push_back(hops_);
    put(header, source_.bytes());
    put(header, destination_.bytes());
    put(header, behind);
    return header;
}

std::size_t PacketBuilder::header_size() const {
    return (is_v4() ? v4_header() : v6_header()).size();
}

Bytes PacketBuilder::packet() const {
    auto out = is_v4() ? v4_header() : v6_header();
    put(out, payload_);
    return out;
}

Bytes PacketBuilder::frame() const {
    return ethernet_frame(is_v4() ? ETHERTYPE_IP : ETHERTYPE_IPV6, packet());
}

Bytes PacketBuilder::frame_of(std::size_t bytes) const {
    auto out = frame();
    out.resize(out.size() - packet().size() + bytes);
    return out;
}

}  // namespace terway::test
