#include "cni/names.hpp"

#include <net/if.h>

#include <algorithm>

namespace terway::cni {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_valid_name(std::string_view name) {
    return !name.empty() && is_alphanumeric(name.front()) &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
           });
}

bool is_valid_ifname(std::string_view name) {
    constexpr std::string_view kForbidden = "/: \t\n\v\f\r";
    return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
           name.find_first_of(kForbidden) == std::string_view::npos;
}

std::optional<IpAddress> parse_requested_ip(std::string_view text) {
    if (text.find('/') == std::string_view::npos) {
        return IpAddress::parse(text);
    }
    const auto prefix = Prefix::parse(text);
    return prefix ? std::optional(prefix->address()) : std::nullopt;
}

}  // namespace terway::cni
