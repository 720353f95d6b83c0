#include "kube/base64.hpp"

#include <cstdint>

namespace terway::kube {

std::optional<std::string> base64_decoded(std::string_view text) {
    static constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::uint32_t bits = 0;
    unsigned letters = 0;
    unsigned padding = 0;
    for (const char c : text) {
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            continue;
        }
        const auto value = c == '=' ? 0 : kLetters.find(c);
        padding += c == '=' ? 1U : 0U;
        if (value == std::string_view::npos || (padding > 0 && c != '=')) {
            return std::nullopt;
        }
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        if (++letters % 4 == 0) {
            for (const unsigned shift : {16U, 8U, 0U}) {
                out += static_cast<char>(bits >> shift & 255U);
            }
            bits = 0;
        }
    }
    if (letters % 4 != 0 || padding > 2) {
        return std::nullopt;
    }
    out.resize(out.size() - padding);
    return out;
}

}  // namespace terway::kube
