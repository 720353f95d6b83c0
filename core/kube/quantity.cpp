#include "kube/quantity.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace terway::kube {

std::uint64_t parse_count(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 9> kUnits = {{
        {"", 1},
        {"k", 1'000},
        {"M", 1'000'000},
        {"G", 1'000'000'000},
        {"T", 1'000'000'000'000},
        {"Ki", 1ULL << 10U},
        {"Mi", 1ULL << 20U},
        {"Gi", 1ULL << 30U},
        {"Ti", 1ULL << 40U},
    }};
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc::result_out_of_range) {
        return std::numeric_limits<std::uint64_t>::max();
    }
    if (error != std::errc{}) {
        return 0;
    }
    const auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& [name, factor] : kUnits) {
        if (name == unit) {
            const bool fits = number <= std::numeric_limits<std::uint64_t>::max() / factor;
            return fits ? number * factor : std::numeric_limits<std::uint64_t>::max();
        }
    }
    return 0;
}

}  // namespace terway::kube
