#include "ctl/json_text.hpp"

#include <boost/json.hpp>

#include "base/json_text.hpp"
#include "terway/error.hpp"

namespace terway::ctl {

boost::json::object parse_object(std::string_view text, const std::string& file) {
    const auto start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) {
        throw Error(Status::Invalid, file + ":1:1: there is nothing in it");
    }
    if (text[start] != '{') {
        refuse_text(text, file, start,
                    "no JSON object; print the ConfigMap with "
                    "\"kubectl -n kube-system get cm eni-config -o json\"");
    }
    return parse_json_text(text, file).as_object();
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
            const auto end = end_of_json_string(text, at);
            const auto next = text.find_first_not_of(" \t\r\n", end);
            if (depth == 1 && next != std::string_view::npos && text[next] == ':') {
                places.insert_or_assign(std::string(text.substr(at + 1, end - at - 2)),
                                        place_at(text, at));
            }
            at = end - 1;
        }
    }
    return places;
}

}  // namespace terway::ctl
