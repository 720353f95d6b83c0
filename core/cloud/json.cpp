#include "cloud/json.hpp"

#include <charconv>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "terway/error.hpp"

namespace terway::cloud {

namespace json = boost::json;

json::object parse_object(std::string_view text) {
    boost::system::error_code error;
    auto value = json::parse({text.data(), text.size()}, error);
    if (error || !value.is_object()) {
        throw Error(Status::Internal, "the answer is not a JSON object");
    }
    return std::move(value.as_object());
}

std::string text_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains({key.data(), key.size()});
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::uint64_t number_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains({key.data(), key.size()});
    if (value == nullptr) {
        return 0;
    }
    if (const auto* whole = value->if_int64()) {
        return *whole < 0 ? 0 : static_cast<std::uint64_t>(*whole);
    }
    if (const auto* large = value->if_uint64()) {
        return *large;
    }
    std::uint64_t number = 0;
    if (const auto* text = value->if_string()) {
        const auto [end, error] =
            std::from_chars(text->data(), text->data() + text->size(), number);
        return error == std::errc{} && end == text->data() + text->size() ? number : 0;
    }
    return 0;
}

bool flag_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains({key.data(), key.size()});
    const auto* flag = value == nullptr ? nullptr : value->if_bool();
    return flag != nullptr && *flag;
}

const json::object& object_of(const json::object& object, std::string_view key) {
    static const json::object kEmpty;
    const auto* value = object.if_contains({key.data(), key.size()});
    const auto* inner = value == nullptr ? nullptr : value->if_object();
    return inner == nullptr ? kEmpty : *inner;
}

const json::array& array_of(const json::object& object, std::string_view key) {
    static const json::array kEmpty;
    const auto* value = object.if_contains({key.data(), key.size()});
    const auto* array = value == nullptr ? nullptr : value->if_array();
    return array == nullptr ? kEmpty : *array;
}

const json::array& list_of(const json::object& object, std::string_view outer,
                           std::string_view inner) {
    return array_of(object_of(object, outer), inner);
}

}  // namespace terway::cloud
