#include "policy/cases/names.hpp"

#include <algorithm>

namespace terway::policy {
namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::size_t kLongestDomain = 253;

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

// Letters and digits, within them also `inner`.
bool is_word(std::string_view text, std::string_view inner) {
    return !text.empty() && text.size() <= kLongestName && is_alphanumeric(text.front()) &&
           is_alphanumeric(text.back()) && std::all_of(text.begin(), text.end(), [&](char c) {
               return is_alphanumeric(c) || inner.find(c) != std::string_view::npos;
           });
}

bool is_domain(std::string_view text) {
    if (text.size() > kLongestDomain) {
        return false;
    }
    while (true) {
        const auto dot = text.find('.');
        const auto label = text.substr(0, dot);
        const bool is_small =
            std::none_of(label.begin(), label.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
        if (!is_small || !is_word(label, "-")) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(dot + 1);
    }
}

}  // namespace

bool is_qualified_name(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return is_word(text, "-_.");
    }
    return is_domain(text.substr(0, slash)) && is_word(text.substr(slash + 1), "-_.");
}

bool is_label_value(std::string_view text) {
    return text.empty() || is_word(text, "-_.");
}

std::optional<Protocol> protocol_of(std::string_view text) {
    for (const auto protocol : {Protocol::Tcp, Protocol::Udp, Protocol::Sctp}) {
        if (text == name_of(protocol)) {
            return protocol;
        }
    }
    return std::nullopt;
}

}  // namespace terway::policy
