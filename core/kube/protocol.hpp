// Protocols that have ports: their names and numbers. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kube/objects.hpp"

namespace terway::kube {

// IANA's: https://www.iana.org/assignments/protocol-numbers
[[nodiscard]] std::uint8_t number_of(Protocol protocol);
[[nodiscard]] std::optional<Protocol> protocol_by_number(std::uint8_t number);

// "TCP".
[[nodiscard]] std::string_view name_of(Protocol protocol);
[[nodiscard]] std::optional<Protocol> protocol_by_name(std::string_view name);

}  // namespace terway::kube
