// Parts of a JSON document that know where they stand. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_text.hpp"

namespace terway::policy {

class Part;

// The text and what it says. Parts borrow it.
class Document {
public:
    // `file` appears in complaints. Throws Error(Invalid) for what is no JSON.
    Document(std::string text, std::string file);
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    [[nodiscard]] Part root() const;
    // "cases.json:3:5: cases[0].id".
    [[nodiscard]] std::string place_of(const JsonPath& path) const;

private:
    std::string text_;
    std::string file_;
    boost::json::value root_;
};

// Null members are as good as missing. What is of the wrong type, or missing where it must not be,
// throws Error(Invalid) with file, line, column and the way to it.
class Part {
public:
    Part(const Document& document, const boost::json::value& value, JsonPath path)
        : document_(&document), value_(&value), path_(std::move(path)) {}

    [[nodiscard]] std::optional<Part> find(std::string_view key) const;
    [[nodiscard]] Part at(std::string_view key) const;
    // The elements of a list; none if there is no such member.
    [[nodiscard]] std::vector<Part> list(std::string_view key) const;
    [[nodiscard]] std::vector<Part> elements() const;
    // The members of an object, in the order of the text.
    [[nodiscard]] std::vector<std::pair<std::string, Part>> members() const;

    [[nodiscard]] bool is_text() const { return value_->is_string(); }
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::int64_t number() const;
    [[nodiscard]] bool flag() const;
    [[nodiscard]] std::string serialized() const;

    // Complains about members that are none of these.
    void check_members(std::initializer_list<std::string_view> known) const;
    [[nodiscard]] std::string place() const { return document_->place_of(path_); }
    [[noreturn]] void refuse(const std::string& reason) const;

private:
    [[nodiscard]] const boost::json::object& object() const;
    [[nodiscard]] Part part(const boost::json::value& value, JsonPath::value_type step) const;

    const Document* document_;
    const boost::json::value* value_;
    JsonPath path_;
};

}  // namespace terway::policy
