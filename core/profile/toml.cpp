#include "profile/toml.hpp"

#include <algorithm>
#include <cctype>
#include <string>

#include <toml++/toml.h>

namespace terway::profile {
namespace {

Place place_of(const toml::source_region& source) {
    return {source.begin.line, source.begin.column};
}

Table convert_table(const toml::table& table);
Table convert_array(const toml::array& array);

Entry convert(std::string key, Place key_place, const toml::node& node) {
    Entry entry;
    entry.key = std::move(key);
    entry.key_place = key_place;
    entry.place = place_of(node.source());
    if (const auto* table = node.as_table()) {
        entry.kind = ValueKind::Table;
        entry.table = convert_table(*table);
    } else if (const auto* array = node.as_array()) {
        entry.kind = ValueKind::Array;
        entry.table = convert_array(*array);
    } else if (const auto* string = node.as_string()) {
        entry.kind = ValueKind::String;
        entry.string = string->get();
    } else if (const auto* integer = node.as_integer()) {
        entry.kind = ValueKind::Integer;
        entry.integer = integer->get();
    } else if (const auto* boolean = node.as_boolean()) {
        entry.kind = ValueKind::Bool;
        entry.integer = boolean->get() ? 1 : 0;
    }
    return entry;
}

Table convert_table(const toml::table& table) {
    Table plain;
    plain.place = place_of(table.source());
    for (const auto& [key, node] : table) {
        plain.entries.push_back(convert(std::string(key.str()), place_of(key.source()), node));
    }
    std::stable_sort(plain.entries.begin(), plain.entries.end(),
                     [](const Entry& a, const Entry& b) { return a.key_place < b.key_place; });
    return plain;
}

Table convert_array(const toml::array& array) {
    Table plain;
    plain.is_array = true;
    plain.place = place_of(array.source());
    for (const auto& node : array) {
        plain.entries.push_back(convert({}, place_of(node.source()), node));
    }
    return plain;
}

// The parser speaks in sentences: "Error while parsing key: ...".
std::string lower_first(std::string_view sentence) {
    std::string text(sentence);
    if (!text.empty()) {
        text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
    }
    return text;
}

}  // namespace

std::optional<Table> parse_toml(std::string_view text, Diagnostics& diagnostics) {
    try {
        return convert_table(toml::parse(text, std::string_view(diagnostics.file())));
    } catch (const toml::parse_error& error) {
        diagnostics.error(place_of(error.source()),
                          "not TOML: " + lower_first(error.description()));
        return std::nullopt;
    }
}

}  // namespace terway::profile
