// The date formats of the cloud's protocols. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace terway::cloud {

// "2026-01-31T12:00:00Z"; fractions of a second are cut off.
[[nodiscard]] std::string utc_text(WallTime time);
// As above, also without the seconds.
[[nodiscard]] std::optional<WallTime> parse_utc(std::string_view text);
// The header Date: "Thu, 26 Oct 2023 10:22:32 GMT".
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace terway::cloud
