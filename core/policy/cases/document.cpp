#include "policy/cases/document.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "terway/error.hpp"

namespace terway::policy {

Document::Document(std::string text, std::string file)
    : text_(std::move(text)), file_(std::move(file)), root_(parse_json_text(text_, file_)) {}

Part Document::root() const {
    return {*this, root_, {}};
}

std::string Document::place_of(const JsonPath& path) const {
    const auto way = text_of(path);
    return file_ + ":" + place_at(text_, offset_of(text_, path)).text() +
           (way.empty() ? "" : ": " + way);
}

void Part::refuse(const std::string& reason) const {
    throw Error(Status::Invalid, place() + ": " + reason);
}

Part Part::part(const boost::json::value& value, JsonPath::value_type step) const {
    auto path = path_;
    path.push_back(std::move(step));
    return {*document_, value, std::move(path)};
}

const boost::json::object& Part::object() const {
    if (!value_->is_object()) {
        refuse("must be an object");
    }
    return value_->get_object();
}

std::optional<Part> Part::find(std::string_view key) const {
    const auto* const found = object().if_contains(key);
    if (found == nullptr || found->is_null()) {
        return std::nullopt;
    }
    return part(*found, std::string(key));
}

Part Part::at(std::string_view key) const {
    if (auto found = find(key)) {
        return *std::move(found);
    }
    refuse("has no \"" + std::string(key) + "\"");
}

std::vector<Part> Part::list(std::string_view key) const {
    const auto found = find(key);
    return found ? found->elements() : std::vector<Part>();
}

std::vector<Part> Part::elements() const {
    if (!value_->is_array()) {
        refuse("must be a list");
    }
    std::vector<Part> parts;
    for (const auto& element : value_->get_array()) {
        parts.push_back(part(element, parts.size()));
    }
    return parts;
}

std::vector<std::pair<std::string, Part>> Part::members() const {
    std::vector<std::pair<std::string, Part>> parts;
    for (const auto& [key, value] : object()) {
        parts.emplace_back(key, part(value, std::string(key)));
    }
    return parts;
}

std::string Part::text() const {
    if (!value_->is_string()) {
        refuse("must be a text");
    }
    return {value_->get_string().data(), value_->get_string().size()};
}

std::int64_t Part::number() const {
    if (!value_->is_int64()) {
        refuse("must be a whole number");
    }
    return value_->get_int64();
}

bool Part::flag() const {
    if (!value_->is_bool()) {
        refuse("must be true or false");
    }
    return value_->get_bool();
}

std::string Part::serialized() const {
    return boost::json::serialize(*value_);
}

void Part::check_members(std::initializer_list<std::string_view> known) const {
    for (const auto& [key, value] : object()) {
        if (std::find(known.begin(), known.end(), std::string_view(key)) == known.end()) {
            part(value, std::string(key)).refuse("is not known here");
        }
    }
}

}  // namespace terway::policy
