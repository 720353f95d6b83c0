// Durations as Go programs write them. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace terway::ctl {

// "10m", "1h30m", "1.5s", "250ms" as Go writes durations; whole milliseconds, not negative.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_go_duration(std::string_view text);

}  // namespace terway::ctl
