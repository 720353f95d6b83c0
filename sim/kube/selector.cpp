#include "sim/kube/selector.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "sim/kube/problem.hpp"

namespace terway::sim::kube {
namespace {

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(' ');
    return begin == std::string::npos ? ""
                                      : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// At commas outside of parentheses; empty parts are kept.
std::vector<std::string> parts_of(const std::string& text) {
    std::vector<std::string> parts(1);
    int depth = 0;
    for (const char c : text) {
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c == ',' && depth == 0) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

[[noreturn]] void unparsable(const std::string& text) {
    throw bad_request("unable to parse requirement: found '" + text + "'");
}

bool is_label_key(const std::string& key) {
    return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
    });
}

const std::map<std::string, std::vector<std::string>>& selectable_fields() {
    static const std::map<std::string, std::vector<std::string>> all{
        {"pods",
         {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
          "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"}},
        {"nodes", {"spec.unschedulable"}},
        {"namespaces", {"status.phase"}},
        {"secrets", {"type"}},
        {"services", {"spec.clusterIP", "spec.type"}},
        {"events",
         {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
          "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
          "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"}},
    };
    return all;
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == separator) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

void check_selectable(const Kind& kind, const std::string& field) {
    if (field == "metadata.name" || (kind.namespaced && field == "metadata.namespace")) {
        return;
    }
    const auto known = selectable_fields().find(kind.stored());
    if (known == selectable_fields().end() ||
        std::find(known->second.begin(), known->second.end(), field) == known->second.end()) {
        throw bad_request("field label not supported: " + field);
    }
}

std::string unescaped(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        at += text[at] == '\\' && at + 1 < text.size() ? 1U : 0U;
        out += text[at];
    }
    return out;
}

}  // namespace

LabelSelector LabelSelector::parse(const std::string& text) {
    LabelSelector made;
    if (trimmed(text).empty()) {
        return made;
    }
    for (const auto& raw : parts_of(text)) {
        const std::string part = trimmed(raw);
        Requirement one;
        if (const auto open = part.find('('); open != std::string::npos) {
            const std::string head = trimmed(part.substr(0, open));
            const auto space = head.rfind(' ');
            const std::string word = space == std::string::npos ? "" : head.substr(space + 1);
            if (part.back() != ')' || (word != "in" && word != "notin")) {
                unparsable(part);
            }
            one.key = trimmed(head.substr(0, space));
            one.negative = word == "notin";
            for (const auto& value : split(part.substr(open + 1, part.size() - open - 2), ',')) {
                one.values.push_back(trimmed(value));
            }
        } else if (const auto equals = part.find('='); equals != std::string::npos) {
            const bool unequal = equals > 0 && part[equals - 1] == '!';
            const bool twice = equals + 1 < part.size() && part[equals + 1] == '=';
            one.key = trimmed(part.substr(0, unequal ? equals - 1 : equals));
            one.negative = unequal;
            one.values.push_back(trimmed(part.substr(equals + (twice ? 2 : 1))));
        } else {
            one.negative = part.starts_with("!");
            one.any_value = true;
            one.key = trimmed(one.negative ? part.substr(1) : part);
        }
        if (!is_label_key(one.key)) {
            unparsable(part);
        }
        made.requirements_.push_back(std::move(one));
    }
    return made;
}

bool LabelSelector::matches(const json::object& object) const {
    if (requirements_.empty()) {
        return true;
    }
    const json::value* labels = at_path(object, {"metadata", "labels"});
    return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& one) {
        const json::value* value = labels == nullptr || !labels->is_object()
                                       ? nullptr
                                       : labels->get_object().if_contains(one.key);
        const bool holds =
            value != nullptr && value->is_string() &&
            (one.any_value || std::find(one.values.begin(), one.values.end(),
                                        std::string(value->get_string())) != one.values.end());
        return holds != one.negative;
    });
}

FieldSelector FieldSelector::parse(const std::string& text, const Kind& kind) {
    FieldSelector made;
    if (text.empty()) {
        return made;
    }
    for (const auto& part : split(text, ',')) {
        const auto equals = part.find('=');
        if (equals == std::string::npos) {
            throw bad_request("invalid selector: '" + text + "'; can't understand '" + part + "'");
        }
        const bool unequal = equals > 0 && part[equals - 1] == '!';
        const bool twice = equals + 1 < part.size() && part[equals + 1] == '=';
        std::string field = part.substr(0, unequal ? equals - 1 : equals);
        check_selectable(kind, field);
        if (field == "source") {
            field = "source.component";
        }
        made.requirements_.push_back(
            {split(field, '.'), unequal, unescaped(part.substr(equals + (twice ? 2 : 1)))});
    }
    return made;
}

bool FieldSelector::matches(const json::object& object) const {
    return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& one) {
        const json::object* here = &object;
        const json::value* found = nullptr;
        for (const auto& member : one.path) {
            found = here == nullptr ? nullptr : here->if_contains(member);
            here = found == nullptr ? nullptr : found->if_object();
        }
        std::string value;
        if (found != nullptr && found->is_string()) {
            value = std::string(found->get_string());
        } else if (found != nullptr && found->is_bool()) {
            value = found->get_bool() ? "true" : "false";
        } else if (one.value == "false") {
            value = "false";  // an absent flag
        }
        return (value == one.value) != one.negative;
    });
}

}  // namespace terway::sim::kube
