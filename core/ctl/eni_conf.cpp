#include "ctl/eni_conf.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <limits>

#include "ctl/go_duration.hpp"
#include "terway/error.hpp"

namespace terway::ctl {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

const char* noun_of(const json::value& value) {
    switch (value.kind()) {
        case json::kind::object:
            return "an object";
        case json::kind::array:
            return "an array";
        case json::kind::string:
            return "a string";
        case json::kind::bool_:
            return "true or false";
        case json::kind::null:
            return "null";
        default:
            return "a number";
    }
}

std::optional<std::string> as_text(const json::value& value) {
    const auto* text = value.if_string();
    return text == nullptr ? std::nullopt : std::optional(std::string(*text));
}

std::optional<std::string> member(const json::value& value, std::string_view key) {
    const auto* object = value.if_object();
    const auto* found = object == nullptr ? nullptr : object->if_contains(key);
    return found == nullptr ? std::nullopt : as_text(*found);
}

}  // namespace

EniConf::EniConf(std::string_view text, std::string source)
    : source_(std::move(source)),
      top_(parse_object(text, source_)),
      places_(places_of_keys(text)) {}

EniConf EniConf::parse(std::string_view text, const std::string& file) {
    EniConf outer(text, file);
    const auto* data = outer.top_.if_contains("data");
    if (data == nullptr) {
        return outer;
    }
    const auto inner = member(*data, "eni_conf");
    if (!inner) {
        const auto place = outer.places_.find("data")->second;
        throw Error(Status::Invalid,
                    file + ":" + place.text() + ": the ConfigMap has no key \"eni_conf\"");
    }
    EniConf conf(*inner, file + " (eni_conf)");
    for (const auto& [key, value] : data->get_object()) {
        if (key != "eni_conf" && value.is_string()) {
            conf.beside_.emplace(key, value.get_string());
        }
    }
    return conf;
}

const json::value* EniConf::find(std::string_view key) {
    taken_.emplace(key);
    const auto* value = top_.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
}

bool EniConf::has(std::string_view key) const {
    const auto* value = top_.if_contains(key);
    return value != nullptr && !value->is_null();
}

bool EniConf::take(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) {
        return false;
    }
    const auto* object = value->if_object();
    const auto* array = value->if_array();
    const auto* text = value->if_string();
    const auto* flag = value->if_bool();
    return !((object != nullptr && object->empty()) || (array != nullptr && array->empty()) ||
             (text != nullptr && text->empty()) || (flag != nullptr && !*flag) ||
             (value->is_number() && value->to_number<double>() == 0));
}

std::optional<bool> EniConf::boolean(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_bool()) {
        wrong(key, std::string("must be true or false, not ") + noun_of(*value));
        return std::nullopt;
    }
    return value->get_bool();
}

std::optional<std::int64_t> EniConf::integer(std::string_view key, std::int64_t low,
                                             std::int64_t high) {
    const auto* value = find(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    const auto* number = value->if_int64();
    if (number == nullptr) {
        wrong(key, value->is_number()
                       ? std::string("must be a whole number")
                       : std::string("must be a whole number, not ") + noun_of(*value));
        return std::nullopt;
    }
    if (*number < low || *number > high) {
        wrong(key, "must lie between " + std::to_string(low) + " and " + std::to_string(high) +
                       ", not at " + std::to_string(*number));
        return std::nullopt;
    }
    return *number;
}

std::optional<double> EniConf::number(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_number()) {
        wrong(key, std::string("must be a number, not ") + noun_of(*value));
        return std::nullopt;
    }
    return value->to_number<double>();
}

std::optional<std::string> EniConf::string(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    auto text = as_text(*value);
    if (!text) {
        wrong(key, std::string("must be a string, not ") + noun_of(*value));
    }
    return text && text->empty() ? std::nullopt : text;
}

std::vector<std::string> EniConf::strings(std::string_view key) {
    std::vector<std::string> all;
    const auto* value = find(key);
    if (value == nullptr) {
        return all;
    }
    if (!value->is_array()) {
        wrong(key, std::string("must be an array of strings, not ") + noun_of(*value));
        return all;
    }
    for (const auto& each : value->get_array()) {
        if (auto text = as_text(each)) {
            all.push_back(std::move(*text));
        } else {
            wrong(key, std::string("holds ") + noun_of(each) + " where strings belong");
        }
    }
    return all;
}

std::map<std::string, std::string> EniConf::string_map(std::string_view key) {
    std::map<std::string, std::string> all;
    const auto* value = find(key);
    if (value == nullptr) {
        return all;
    }
    if (!value->is_object()) {
        wrong(key, std::string("must be an object of strings, not ") + noun_of(*value));
        return all;
    }
    for (const auto& [name, content] : value->get_object()) {
        if (auto text = as_text(content)) {
            all.emplace(name, std::move(*text));
        } else {
            wrong(key, "\"" + std::string(name) + "\" must be a string, not " + noun_of(content));
        }
    }
    return all;
}

std::map<std::string, std::vector<std::string>> EniConf::lists(std::string_view key) {
    std::map<std::string, std::vector<std::string>> all;
    const auto* value = find(key);
    if (value == nullptr) {
        return all;
    }
    if (!value->is_object()) {
        wrong(key, std::string("must be an object of arrays, not ") + noun_of(*value));
        return all;
    }
    for (const auto& [name, content] : value->get_object()) {
        if (!content.is_array()) {
            wrong(key, "\"" + std::string(name) + "\" must be an array, not " + noun_of(content));
            continue;
        }
        auto& list = all[std::string(name)];
        for (const auto& each : content.get_array()) {
            if (auto text = as_text(each)) {
                list.push_back(std::move(*text));
            } else {
                wrong(key, "\"" + std::string(name) + "\" holds " + noun_of(each) +
                               " where strings belong");
            }
        }
    }
    return all;
}

std::vector<std::pair<std::string, std::string>> EniConf::pairs(std::string_view key) {
    std::vector<std::pair<std::string, std::string>> all;
    const auto* value = find(key);
    if (value == nullptr) {
        return all;
    }
    if (!value->is_array()) {
        wrong(key, std::string("must be an array of {\"key\", \"value\"}, not ") + noun_of(*value));
        return all;
    }
    for (const auto& each : value->get_array()) {
        const auto name = member(each, "key");
        const auto content = member(each, "value");
        if (name && content && !name->empty()) {
            all.emplace_back(*name, *content);
        } else {
            wrong(key, "holds " + json::serialize(each) +
                           " where {\"key\": \"...\", \"value\": \"...\"} belongs");
        }
    }
    return all;
}

std::optional<milliseconds> EniConf::duration(std::string_view key) {
    const auto text = string(key);
    if (!text) {
        return std::nullopt;
    }
    const auto span = parse_go_duration(*text);
    if (!span) {
        wrong(key, "must be a duration such as \"10m\" or \"1h30m\", not \"" + *text + "\"");
    }
    return span;
}

void EniConf::note(std::string_view key, std::string text) {
    remark(RemarkKind::Note, key, std::move(text));
}
void EniConf::defaulted(std::string_view key, std::string text) {
    remark(RemarkKind::Default, key, std::move(text));
}
void EniConf::no_equivalent(std::string_view key, std::string text) {
    remark(RemarkKind::NoEquivalent, key, std::move(text));
}
void EniConf::wrong(std::string_view key, std::string text) {
    remark(RemarkKind::Wrong, key, std::move(text));
}

void EniConf::remark(RemarkKind kind, std::string_view key, std::string text) {
    const auto place = places_.find(key);
    const auto at = place == places_.end() ? TextPlace{} : place->second;
    remarks_.push_back({kind, at, std::string(key), std::move(text)});
}

std::vector<Remark> EniConf::finish() {
    for (const auto& [name, value] : top_) {
        if (!taken_.contains(std::string_view(name))) {
            no_equivalent(name, "the original has no such key; nothing was made of it");
        }
    }
    const auto order = [](const Remark& remark) {
        constexpr auto kLast = std::numeric_limits<std::size_t>::max();
        return std::pair(remark.at.line == 0 ? kLast : remark.at.line, remark.at.column);
    };
    std::stable_sort(
        remarks_.begin(), remarks_.end(),
        [&](const Remark& left, const Remark& right) { return order(left) < order(right); });
    return std::move(remarks_);
}

}  // namespace terway::ctl
