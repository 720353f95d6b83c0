// From TOML text to plain data; the only room that knows the parser.
#pragma once

#include <optional>
#include <string_view>

#include "profile/diagnostic.hpp"
#include "profile/table.hpp"

namespace terway::profile {

// Nothing if the text is no TOML; the first mistake is then in `diagnostics`.
[[nodiscard]] std::optional<Table> parse_toml(std::string_view text, Diagnostics& diagnostics);

}  // namespace terway::profile
