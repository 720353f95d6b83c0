#include "packet.hpp"

#include <netinet/in.h>

#include "policy/rule_set.hpp"

namespace terway::felix {
namespace {

using Bytes = std::span<const std::uint8_t>;

std::uint16_t number_at(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

void read_ports(Flow& flow, Bytes transport) {
    if (policy::protocol_by_number(flow.protocol) && transport.size() >= 4) {
        flow.source_port = number_at(transport, 0);
        flow.destination_port = number_at(transport, 2);
    }
}

std::optional<Flow> flow_of_v4(Bytes packet) {
    constexpr std::size_t kHeader = 20;
    constexpr std::uint16_t kOffset = 0x1fff;
    const std::size_t size = (packet[0] & 0xfU) * 4U;
    if (packet.size() < kHeader || size < kHeader) {
        return std::nullopt;
    }
    Flow flow{IpAddress(Family::V4, packet.subspan(12, 4)),
              IpAddress(Family::V4, packet.subspan(16, 4)), packet[9]};
    const bool is_first = (number_at(packet, 6) & kOffset) == 0;
    if (is_first && packet.size() > size) {
        read_ports(flow, packet.subspan(size));
    }
    return flow;
}

std::optional<Flow> flow_of_v6(Bytes packet) {
    constexpr std::size_t kHeader = 40;
    constexpr std::uint16_t kOffset = 0xfff8;
    if (packet.size() < kHeader) {
        return std::nullopt;
    }
    Flow flow{IpAddress(Family::V6, packet.subspan(8, 16)),
              IpAddress(Family::V6, packet.subspan(24, 16)), packet[6]};
    auto rest = packet.subspan(kHeader);
    while (rest.size() >= 8) {
        std::size_t size = 8;
        if (flow.protocol == IPPROTO_FRAGMENT) {
            if ((number_at(rest, 2) & kOffset) != 0) {
                flow.protocol = rest[0];
                return flow;
            }
        } else if (flow.protocol == IPPROTO_HOPOPTS || flow.protocol == IPPROTO_ROUTING ||
                   flow.protocol == IPPROTO_DSTOPTS) {
            size = (rest[1] + 1U) * 8U;
        } else {
            break;
        }
        flow.protocol = rest[0];
        if (rest.size() <= size) {
            return flow;
        }
        rest = rest.subspan(size);
    }
    read_ports(flow, rest);
    return flow;
}

std::string end_text(const IpAddress& address, std::uint16_t port) {
    if (port == 0) {
        return address.text();
    }
    return (address.is_v4() ? address.text() : "[" + address.text() + "]") + ":" +
           std::to_string(port);
}

}  // namespace

std::string Flow::text() const {
    return end_text(source, source_port) + " -> " + end_text(destination, destination_port) + " " +
           policy::protocol_text(protocol);
}

std::optional<Flow> flow_of(Bytes packet) {
    if (packet.empty()) {
        return std::nullopt;
    }
    switch (packet[0] >> 4U) {
        case 4:
            return flow_of_v4(packet);
        case 6:
            return flow_of_v6(packet);
        default:
            return std::nullopt;
    }
}

}  // namespace terway::felix
