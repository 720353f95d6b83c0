// JSON texts that people write, for complaints that say where. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/text_place.hpp"

namespace terway {

[[nodiscard]] TextPlace place_at(std::string_view text, std::size_t offset);

// Throws Error(Invalid) "FILE:LINE:COLUMN: what".
[[noreturn]] void refuse_text(std::string_view text, const std::string& file, std::size_t offset,
                              const std::string& what);

// Throws Error(Invalid) that begins with the file and the place of the mistake.
[[nodiscard]] boost::json::value parse_json_text(std::string_view text, const std::string& file);

// One past the string that begins at `start`. The text is valid JSON.
[[nodiscard]] std::size_t end_of_json_string(std::string_view text, std::size_t start);

// The way from the whole document to a part of it: keys and indices.
using JsonPath = std::vector<std::variant<std::string, std::size_t>>;

// "cases[3].steps[0]"; "" for the whole.
[[nodiscard]] std::string text_of(const JsonPath& path);

// Where the value at `path` begins, or as much of the way as there is. The text is valid JSON.
[[nodiscard]] std::size_t offset_of(std::string_view text, const JsonPath& path);

}  // namespace terway
