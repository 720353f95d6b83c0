// How many whole ENIs the daemon says this node can give to pods. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace terway::deviced {

struct Supply {
    std::size_t capacity = 0;   // pods that can have one; 0 where the profile gives none
    std::size_t allocated = 0;  // pods that have one
    std::size_t missing = 0;    // ENIs that have vanished while a pod uses them

    bool operator==(const Supply&) const = default;
};

// More than any instance type will ever have.
inline constexpr std::size_t kMostDevices = 1024;

// Of the daemon's answer to "pool". Nothing where the daemon does not know its capacity yet. Throws
// Error(Invalid) for an answer of another shape or beyond kMostDevices.
[[nodiscard]] std::optional<Supply> read_supply(std::string_view answer);

}  // namespace terway::deviced
