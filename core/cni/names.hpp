// What names and addresses in a request may look like. Internal to this folder. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/address.hpp"

namespace terway::cni {

inline constexpr const char* kNameRule =
    "one begins with a letter or digit and goes on with letters, digits, '_', '.' and '-'";
inline constexpr const char* kIfnameRule =
    "one has 1 to 15 bytes, is not . or .., and has no '/', ':' or white space";
inline constexpr std::size_t kMaxQueuePath = 3500;  // room for a file name below PATH_MAX

// Container ids and network names.
[[nodiscard]] bool is_valid_name(std::string_view name);
[[nodiscard]] bool is_valid_ifname(std::string_view name);
// An address; a prefix length behind it is accepted and means nothing.
[[nodiscard]] std::optional<IpAddress> parse_requested_ip(std::string_view text);

}  // namespace terway::cni
