#include "packet.hpp"

#include <net/ethernet.h>
#include <netinet/in.h>

#include <span>

namespace terway::test {
namespace {

constexpr std::uint8_t kHopLimit = 255;

void put(Bytes& out, std::span<const std::uint8_t> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

void put16(Bytes& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U));
    out.push_back(static_cast<std::uint8_t>(value));
}

std::uint16_t internet_checksum(const Bytes& bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += i % 2 == 0 ? static_cast<std::uint32_t>(bytes[i]) << 8U : bytes[i];
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(~sum);
}

Bytes ethernet(const Mac& source, const Mac& destination, std::uint16_t type) {
    Bytes frame;
    put(frame, destination.bytes);
    put(frame, source.bytes);
    put16(frame, type);
    return frame;
}

void set_checksum(Bytes& out, std::size_t at, std::uint16_t sum) {
    out[at] = static_cast<std::uint8_t>(sum >> 8U);
    out[at + 1] = static_cast<std::uint8_t>(sum);
}

Bytes ip_header(const Envelope& envelope, std::uint8_t protocol, std::size_t payload) {
    Bytes header;
    if (envelope.source.is_v4()) {
        header = {0x45, 0};
        put16(header, 20 + payload);
        put(header, Bytes{0, 0, 0, 0, 64, protocol, 0, 0});
    } else {
        header = {0x60, 0, 0, 0};
        put16(header, payload);
        put(header, Bytes{protocol, kHopLimit});
    }
    put(header, envelope.source.bytes());
    put(header, envelope.destination.bytes());
    if (envelope.source.is_v4()) {
        set_checksum(header, 10, internet_checksum(header));
    }
    return header;
}

// The checksum of a transport header over the pseudo header.
std::uint16_t transport_checksum(const Envelope& envelope, std::uint8_t protocol,
                                 const Bytes& payload) {
    Bytes all;
    put(all, envelope.source.bytes());
    put(all, envelope.destination.bytes());
    put16(all, payload.size());
    put16(all, protocol);
    put(all, payload);
    return internet_checksum(all);
}

Bytes packet(const Envelope& envelope, std::uint8_t protocol, const Bytes& payload) {
    auto frame = ethernet(envelope.source_mac, envelope.destination_mac,
                          envelope.source.is_v4() ? ETHERTYPE_IP : ETHERTYPE_IPV6);
    put(frame, ip_header(envelope, protocol, payload.size()));
    put(frame, payload);
    return frame;
}

}  // namespace

Bytes udp_frame(const Envelope& envelope, std::uint16_t source_port,
                std::uint16_t destination_port, const std::string& text) {
    Bytes datagram;
    put16(datagram, source_port);
    put16(datagram, destination_port);
    put16(datagram, 8 + text.size());
    put16(datagram, 0);
    datagram.insert(datagram.end(), text.begin(), text.end());
    set_checksum(datagram, 6, transport_checksum(envelope, IPPROTO_UDP, datagram));
    return packet(envelope, IPPROTO_UDP, datagram);
}

Bytes arp_request_frame(const Envelope& envelope) {
    auto frame = ethernet(envelope.source_mac, Mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
                          ETHERTYPE_ARP);
    put(frame, Bytes{0, 1, 8, 0, 6, 4, 0, 1});  // Ethernet, IPv4, request
    put(frame, envelope.source_mac.bytes);
    put(frame, envelope.source.bytes());
    put(frame, Bytes(6, 0));
    put(frame, envelope.destination.bytes());
    return frame;
}

Bytes icmpv6_frame(const Envelope& envelope, std::uint8_t type) {
    Bytes message{type};
    message.resize(16);
    set_checksum(message, 2, transport_checksum(envelope, IPPROTO_ICMPV6, message));
    return packet(envelope, IPPROTO_ICMPV6, message);
}

}  // namespace terway::test
