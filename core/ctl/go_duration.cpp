#include "ctl/go_duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace terway::ctl {
namespace {

using std::chrono::milliseconds;

struct GoUnit {
    std::string_view name;
    double milliseconds;
};
// Longer names first where one begins with another.
constexpr std::array<GoUnit, 7> kGoUnits{{{"ms", 1},
                                          {"us", 1e-3},
                                          {"\u00b5s", 1e-3},
                                          {"ns", 1e-6},
                                          {"h", 3'600'000},
                                          {"m", 60'000},
                                          {"s", 1'000}}};
constexpr double kLongestDuration = 1e12;

}  // namespace

std::optional<milliseconds> parse_go_duration(std::string_view text) {
    if (text == "0") {
        return milliseconds::zero();
    }
    double total = 0;
    bool any = false;
    while (!text.empty()) {
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number,
                                                  std::chars_format::fixed);
        if (error != std::errc{} || text.front() == '-' || !std::isfinite(number)) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto* unit =
            std::find_if(kGoUnits.begin(), kGoUnits.end(),
                         [text](const GoUnit& each) { return text.starts_with(each.name); });
        if (unit == kGoUnits.end()) {
            return std::nullopt;
        }
        text.remove_prefix(unit->name.size());
        total += number * unit->milliseconds;
        any = true;
    }
    if (!any || total > kLongestDuration) {
        return std::nullopt;
    }
    return milliseconds(static_cast<std::int64_t>(std::llround(total)));
}

}  // namespace terway::ctl
