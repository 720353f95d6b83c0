// Text in one allocation.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace terway::conformance {

[[nodiscard]] inline std::string joined(std::initializer_list<std::string_view> parts) {
    std::string whole;
    for (const auto part : parts) {
        whole += part;
    }
    return whole;
}

}  // namespace terway::conformance
