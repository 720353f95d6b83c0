#include "ctl/toml_text.hpp"

#include <algorithm>
#include <array>

namespace terway::ctl {
namespace {

constexpr std::size_t kCommentColumn = 24;
// A profile takes less of any unit.
constexpr std::int64_t kMostUnits = 10'000'000;
constexpr unsigned char kFirstPrintable = 0x20;
constexpr unsigned char kDelete = 0x7f;

bool is_bare_key(std::string_view key) {
    return !key.empty() &&
           key.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
               std::string_view::npos;
}

std::string escaped(char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        return {'\\', c};
    }
    if (byte < kFirstPrintable || byte == kDelete) {
        return std::string("\\u00") + kDigits[byte >> 4U] + kDigits[byte & 15U];
    }
    return {c};
}

}  // namespace

std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        out += escaped(c);
    }
    return out + "\"";
}

std::string toml_strings(const std::vector<std::string>& texts) {
    std::string out;
    for (const auto& text : texts) {
        out += (out.empty() ? "" : ", ") + toml_string(text);
    }
    return "[" + out + "]";
}

std::string toml_duration(std::chrono::milliseconds span) {
    struct Unit {
        std::int64_t length;
        std::string_view name;
    };
    constexpr std::array<Unit, 4> kUnits{
        {{1, "ms"}, {1'000, "s"}, {60'000, "m"}, {3'600'000, "h"}}};
    const auto count = span.count();
    const Unit* unit = kUnits.data();
    for (const auto& each : kUnits) {
        if (count % each.length == 0 || count / unit->length >= kMostUnits) {
            unit = &each;
        }
    }
    const auto rounded_up = (count + unit->length - 1) / unit->length;
    return count == 0 ? "\"0s\""
                      : toml_string(std::to_string(rounded_up) + std::string(unit->name));
}

void TomlText::section(std::string_view title) {
    text_ += (text_.empty() ? "[" : "\n[") + std::string(title) + "]\n";
}

void TomlText::value(std::string_view key, std::string_view toml, std::string_view comment) {
    std::string line = std::string(key) + " = " + std::string(toml);
    if (!comment.empty()) {
        line.resize(std::max(line.size() + 1, kCommentColumn), ' ');
        line += "# " + std::string(comment);
    }
    text_ += line + "\n";
}

void TomlText::comment(std::string_view line) {
    text_ += "# " + std::string(line) + "\n";
}

void TomlText::strings(const std::map<std::string, std::string>& table) {
    for (const auto& [key, content] : table) {
        value(is_bare_key(key) ? key : toml_string(key), toml_string(content));
    }
}

}  // namespace terway::ctl
