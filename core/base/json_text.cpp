#include "base/json_text.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "terway/error.hpp"

namespace terway {
namespace {

namespace json = boost::json;

constexpr std::string_view kSpace = " \t\r\n";

// Walks over a valid document.
class Walker {
public:
    Walker(std::string_view text, std::size_t at) : text_(text), at_(at) { skip_space(); }

    [[nodiscard]] std::size_t at() const noexcept { return at_; }

    void skip_value() {
        if (text_[at_] == '"') {
            at_ = end_of_json_string(text_, at_);
            return;
        }
        int depth = 0;
        do {
            const char c = text_[at_];
            if (c == '"') {
                at_ = end_of_json_string(text_, at_);
                continue;
            }
            depth += c == '{' || c == '[' ? 1 : 0;
            depth -= c == '}' || c == ']' ? 1 : 0;
            ++at_;
        } while (depth > 0 || (at_ < text_.size() && is_scalar(text_[at_])));
    }

    // Into the value of the last member of that name, as parsers read it.
    bool enter(const std::string& key) {
        const auto begin = at_;
        std::optional<std::size_t> found;
        if (text_[at_] == '{') {
            for (step(); text_[at_] != '}'; next()) {
                const auto start = at_;
                at_ = end_of_json_string(text_, at_);
                const auto name = json::parse(text_.substr(start, at_ - start));
                skip_space();
                step();  // the colon
                if (name.as_string() == key) {
                    found = at_;
                }
                skip_value();
            }
        }
        at_ = found.value_or(begin);
        return found.has_value();
    }

    bool enter(std::size_t index) {
        const auto begin = at_;
        if (text_[at_] == '[') {
            for (step(); text_[at_] != ']'; next()) {
                if (index-- == 0) {
                    return true;
                }
                skip_value();
            }
        }
        at_ = begin;
        return false;
    }

private:
    static bool is_scalar(char c) {
        return std::string_view("{}[],:\"").find(c) == std::string_view::npos &&
               kSpace.find(c) == std::string_view::npos;
    }
    void skip_space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }
    void step() {
        ++at_;
        skip_space();
    }
    // To the next element, or to the end of all.
    void next() {
        skip_space();
        if (text_[at_] == ',') {
            step();
        }
    }

    std::string_view text_;
    std::size_t at_;
};

}  // namespace

TextPlace place_at(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, offset);
    const auto line_start = before.rfind('\n');
    return {1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
            line_start == std::string_view::npos ? offset + 1 : offset - line_start};
}

void refuse_text(std::string_view text, const std::string& file, std::size_t offset,
                 const std::string& what) {
    throw Error(Status::Invalid, file + ":" + place_at(text, offset).text() + ": " + what);
}

boost::json::value parse_json_text(std::string_view text, const std::string& file) {
    json::parser parser;
    json::error_code error;
    const auto read = parser.write_some(text.data(), text.size(), error);
    if (error) {
        refuse_text(text, file, read, "no valid JSON: " + error.message());
    }
    const auto rest = text.find_first_not_of(kSpace, read);
    if (rest != std::string_view::npos) {
        refuse_text(text, file, rest, "something follows the JSON object");
    }
    return parser.release();
}

std::size_t end_of_json_string(std::string_view text, std::size_t start) {
    std::size_t at = start + 1;
    while (text[at] != '"') {
        at += text[at] == '\\' ? 2U : 1U;
    }
    return at + 1;
}

std::string text_of(const JsonPath& path) {
    std::string text;
    for (const auto& part : path) {
        if (const auto* const key = std::get_if<std::string>(&part)) {
            text += (text.empty() ? "" : ".") + *key;
        } else {
            text += "[" + std::to_string(std::get<std::size_t>(part)) + "]";
        }
    }
    return text;
}

std::size_t offset_of(std::string_view text, const JsonPath& path) {
    Walker walker(text, 0);
    for (const auto& part : path) {
        if (!std::visit([&](const auto& step) { return walker.enter(step); }, part)) {
            break;
        }
    }
    return walker.at();
}

}  // namespace terway
