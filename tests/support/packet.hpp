// Frames as a pod might forge them, byte for byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.hpp"

namespace terway::test {

using Bytes = std::vector<std::uint8_t>;

// What the sender claims to be, and whom it talks to.
struct Envelope {
    Mac source_mac;
    Mac destination_mac;
    IpAddress source;
    IpAddress destination;  // of the same family
};

[[nodiscard]] Bytes udp_frame(const Envelope& envelope, std::uint16_t source_port,
                              std::uint16_t destination_port, const std::string& text);
// "Who has `destination`? Tell `source`." To all.
[[nodiscard]] Bytes arp_request_frame(const Envelope& envelope);
// ICMPv6 of any type, zeroes behind the checksum. Hop limit 255, as neighbour discovery wants.
[[nodiscard]] Bytes icmpv6_frame(const Envelope& envelope, std::uint8_t type);

}  // namespace terway::test
