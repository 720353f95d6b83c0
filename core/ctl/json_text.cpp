#include "ctl/json_text.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "terway/error.hpp"

namespace terway::ctl {
namespace {

namespace json = boost::json;

TextPlace place_of(std::string_view text, std::size_t offset) {
    const auto before = text.substr(0, offset);
    const auto line_start = before.rfind('\n');
    return {1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
            line_start == std::string_view::npos ? offset + 1 : offset - line_start};
}

[[noreturn]] void refuse(std::string_view text, const std::string& file, std::size_t offset,
                         const std::string& what) {
    throw Error(Status::Invalid, file + ":" + place_of(text, offset).text() + ": " + what);
}

json::value parse_json(std::string_view text, const std::string& file) {
    json::parser parser;
    json::error_code error;
    const auto read = parser.write_some(text.data(), text.size(), error);
    if (error) {
        refuse(text, file, read, "no valid JSON: " + error.message());
    }
    const auto rest = text.find_first_not_of(" \t\r\n", read);
    if (rest != std::string_view::npos) {
        refuse(text, file, rest, "something follows the JSON object");
    }
    return parser.release();
}

// The end of the string that begins at `start`, one past its quote. The text is valid JSON.
std::size_t end_of_string(std::string_view text, std::size_t start) {
    std::size_t at = start + 1;
    while (text[at] != '"') {
        at += text[at] == '\\' ? 2U : 1U;
    }
    return at + 1;
}

}  // namespace

boost::json::object parse_object(std::string_view text, const std::string& file) {
    const auto start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) {
        throw Error(Status::Invalid, file + ":1:1: there is nothing in it");
    }
    if (text[start] != '{') {
        refuse(text, file, start,
               "no JSON object; print the ConfigMap with "
               "\"kubectl -n kube-system get cm eni-config -o json\"");
    }
    return parse_json(text, file).as_object();
}

KeyPlaces places_of_keys(std::string_view text) {
    KeyPlaces places;
    int depth = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            --depth;
        } else if (c == '"') {
            const auto end = end_of_string(text, at);
            const auto next = text.find_first_not_of(" \t\r\n", end);
            if (depth == 1 && next != std::string_view::npos && text[next] == ':') {
                places.insert_or_assign(std::string(text.substr(at + 1, end - at - 2)),
                                        place_of(text, at));
            }
            at = end - 1;
        }
    }
    return places;
}

}  // namespace terway::ctl
