// What a packet's headers say of its connection. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/address.hpp"

namespace terway::felix {

struct Flow {
    IpAddress source;
    IpAddress destination;
    std::uint8_t protocol = 0;  // IANA's number
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;

    // "10.0.0.1:3456 -> 10.0.0.2:80 TCP".
    [[nodiscard]] std::string text() const;
    bool operator==(const Flow&) const = default;
};

// From the network header on; nothing if that is none, or cut off. No ports where the protocol has
// none, in a fragment and where they are cut off.
[[nodiscard]] std::optional<Flow> flow_of(std::span<const std::uint8_t> packet);

}  // namespace terway::felix
