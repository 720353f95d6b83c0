// A place in a text.
#pragma once

#include <cstddef>
#include <string>

namespace terway {

// Both count from 1; 0 is "nowhere".
struct TextPlace {
    std::size_t line = 0;
    std::size_t column = 0;

    [[nodiscard]] std::string text() const {  // "3:5"
        return std::to_string(line) + ":" + std::to_string(column);
    }
    bool operator==(const TextPlace&) const = default;
};

}  // namespace terway
