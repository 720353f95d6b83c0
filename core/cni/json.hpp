// Reading JSON that others wrote. Internal to this folder. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "cni/result.hpp"

namespace terway::cni {

// Throws CniError(Decoding); `name` says what the text is.
[[nodiscard]] boost::json::value parse_json(std::string_view text, std::string_view name);

// Whether `text` is valid UTF-8, so that it can be written as a JSON string.
[[nodiscard]] bool is_json_text(std::string_view text);

// A view of an object that knows its place in the document. A key is found whatever its case, the
// exact one first; null is the same as absent. Every function throws CniError(Decoding) for a value
// of the wrong type.
class ObjectReader {
public:
    // `value` must outlive the reader.
    ObjectReader(const boost::json::value& value, std::string place);

    [[nodiscard]] const boost::json::value* find(std::string_view key) const;
    [[nodiscard]] std::string text(std::string_view key) const;  // empty if absent
    [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view key) const;
    [[nodiscard]] std::optional<std::uint32_t> number32(std::string_view key) const;
    [[nodiscard]] std::optional<ObjectReader> object(std::string_view key) const;
    // The elements of an array of objects; empty if absent.
    [[nodiscard]] std::vector<ObjectReader> objects(std::string_view key) const;
    // Where `key` is, for messages: "runtimeConfig.bandwidth".
    [[nodiscard]] std::string place_of(std::string_view key) const;
    [[nodiscard]] const boost::json::object& raw() const noexcept { return *object_; }

private:
    const boost::json::object* object_;
    std::string place_;
};

// As Result::parse(), and its `dns` alone.
[[nodiscard]] Result read_result(const ObjectReader& object);
[[nodiscard]] Dns read_dns(const ObjectReader& object);

}  // namespace terway::cni
