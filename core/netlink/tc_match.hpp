// What a u32 filter looks for in a packet.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink {

// TCA_U32_SEL: of packets from this address, or of every one. It does not look which protocol a
// packet is of; that is the filter's affair.
[[nodiscard]] std::vector<std::uint8_t> u32_selector(const std::optional<IpAddress>& source);
// None if it does not go by the source alone.
[[nodiscard]] std::optional<IpAddress> u32_source(const nlattr* selector);

}  // namespace terway::netlink
