#include "cni/json.hpp"

#include <algorithm>
#include <limits>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cni/failure.hpp"

namespace terway::cni {
namespace {

namespace json = boost::json;

[[noreturn]] void wrong_type(const std::string& place, const char* wanted) {
    throw CniError(Code::Decoding, place + ": not " + wanted);
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_key(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::string text_of(const json::value& value, const std::string& place) {
    if (!value.is_string()) {
        wrong_type(place, "a string");
    }
    return {value.get_string().data(), value.get_string().size()};
}

std::string element(const std::string& place, std::size_t index) {
    return place + "[" + std::to_string(index) + "]";
}

}  // namespace

json::value parse_json(std::string_view text, std::string_view name) {
    json::error_code failure;
    auto value = json::parse({text.data(), text.size()}, failure);
    if (failure) {
        throw CniError(Code::Decoding, std::string(name) + " is no JSON: " + failure.message());
    }
    return value;
}

bool is_json_text(std::string_view text) {
    json::error_code failure;
    const auto quoted = json::serialize(json::string_view(text.data(), text.size()));
    const auto value = json::parse(quoted, failure);
    return !failure && value.is_string();
}

ObjectReader::ObjectReader(const json::value& value, std::string place)
    : object_(value.if_object()), place_(std::move(place)) {
    if (object_ == nullptr) {
        wrong_type(place_, "an object");
    }
}

std::string ObjectReader::place_of(std::string_view key) const {
    return (place_.empty() ? "" : place_ + '.') + std::string(key);
}

const json::value* ObjectReader::find(std::string_view key) const {
    const auto* value = object_->if_contains({key.data(), key.size()});
    if (value == nullptr) {
        const auto* const found =
            std::find_if(object_->begin(), object_->end(), [key](const auto& member) {
                return same_key({member.key().data(), member.key().size()}, key);
            });
        value = found == object_->end() ? nullptr : &found->value();
    }
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::string ObjectReader::text(std::string_view key) const {
    const auto* value = find(key);
    return value == nullptr ? std::string() : text_of(*value, place_of(key));
}

std::vector<std::string> ObjectReader::texts(std::string_view key) const {
    std::vector<std::string> texts;
    if (const auto* value = find(key)) {
        if (!value->is_array()) {
            wrong_type(place_of(key), "an array");
        }
        for (const auto& entry : value->get_array()) {
            texts.push_back(text_of(entry, element(place_of(key), texts.size())));
        }
    }
    return texts;
}

std::optional<std::uint64_t> ObjectReader::number(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (value->is_uint64()) {
        return value->get_uint64();
    }
    if (value->is_int64() && value->get_int64() >= 0) {
        return static_cast<std::uint64_t>(value->get_int64());
    }
    wrong_type(place_of(key), "a whole number of 0 or more");
}

std::optional<std::uint32_t> ObjectReader::number32(std::string_view key) const {
    const auto wide = number(key);
    if (!wide) {
        return std::nullopt;
    }
    if (*wide > std::numeric_limits<std::uint32_t>::max()) {
        wrong_type(place_of(key), "a number of 32 bits");
    }
    return static_cast<std::uint32_t>(*wide);
}

std::optional<ObjectReader> ObjectReader::object(std::string_view key) const {
    const auto* value = find(key);
    return value == nullptr ? std::nullopt : std::optional<ObjectReader>({*value, place_of(key)});
}

std::vector<ObjectReader> ObjectReader::objects(std::string_view key) const {
    std::vector<ObjectReader> objects;
    if (const auto* value = find(key)) {
        if (!value->is_array()) {
            wrong_type(place_of(key), "an array");
        }
        for (const auto& entry : value->get_array()) {
            objects.emplace_back(entry, element(place_of(key), objects.size()));
        }
    }
    return objects;
}

}  // namespace terway::cni
