// The texts of the metadata service. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"

namespace terway::cloud {

// The elements of a list in any of the service's forms: ["a","b"], [a,b], a line for each, one
// alone. A directory's entries lose their final slash.
[[nodiscard]] std::vector<std::string> parse_list(std::string_view text);

// `path` is where the text comes from, for Error(Internal).
[[nodiscard]] std::vector<IpAddress> parse_addresses(std::string_view text,
                                                     const std::string& path);
[[nodiscard]] std::vector<Prefix> parse_prefixes(std::string_view text, const std::string& path);
[[nodiscard]] std::vector<Mac> parse_macs(std::string_view text, const std::string& path);

}  // namespace terway::cloud
