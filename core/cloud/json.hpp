// Reading JSON answers. Internal to this folder. Pure.
//
// A member that is missing, null or of another type is read as empty: the cloud's answers differ
// between its pages, its SDKs and itself. What must be there is checked by whoever needs it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace terway::cloud {

// Throws Error(Internal) if `text` is not a JSON object.
[[nodiscard]] boost::json::object parse_object(std::string_view text);

[[nodiscard]] std::string text_of(const boost::json::object& object, std::string_view key);
// Also from digits in a string; 0 if negative.
[[nodiscard]] std::uint64_t number_of(const boost::json::object& object, std::string_view key);
[[nodiscard]] bool flag_of(const boost::json::object& object, std::string_view key);
[[nodiscard]] const boost::json::object& object_of(const boost::json::object& object,
                                                   std::string_view key);
[[nodiscard]] const boost::json::array& array_of(const boost::json::object& object,
                                                 std::string_view key);
// The list in the cloud's fashion: {"Things": {"Thing": [...]}}.
[[nodiscard]] const boost::json::array& list_of(const boost::json::object& object,
                                                std::string_view outer, std::string_view inner);

}  // namespace terway::cloud
