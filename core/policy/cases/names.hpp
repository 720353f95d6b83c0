// Which names the API takes. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "policy/rule_set.hpp"

namespace terway::policy {

// "app", "kubernetes.io/metadata.name".
[[nodiscard]] bool is_qualified_name(std::string_view text);
[[nodiscard]] bool is_label_value(std::string_view text);

// "TCP", "UDP", "SCTP".
[[nodiscard]] std::optional<Protocol> protocol_of(std::string_view text);

}  // namespace terway::policy
