// JSON texts that people write: mistakes and keys with line and column. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/text_place.hpp"

namespace terway::ctl {

using KeyPlaces = std::map<std::string, TextPlace, std::less<>>;

// Throws Error(Invalid) that begins with the file and the place of the mistake.
[[nodiscard]] boost::json::object parse_object(std::string_view text, const std::string& file);

// The keys of the outermost object. The text is valid JSON.
[[nodiscard]] KeyPlaces places_of_keys(std::string_view text);

}  // namespace terway::ctl
