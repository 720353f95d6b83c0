#include "policy/cases/check_parts.hpp"

#include <algorithm>

#include "policy/cases/names.hpp"

namespace terway::policy {
namespace {

constexpr std::int64_t kHighestPort = 65535;

void check_key(const Part& key) {
    if (!is_qualified_name(key.text())) {
        key.refuse("\"" + key.text() + "\" is no label key");
    }
}

void check_value(const Part& value) {
    if (!is_label_value(value.text())) {
        value.refuse("\"" + value.text() + "\" is no label value");
    }
}

void check_expression(const Part& expression) {
    expression.check_members({"key", "operator", "values"});
    check_key(expression.at("key"));
    const auto op = expression.at("operator");
    const auto values = expression.list("values");
    if (op.text() == "In" || op.text() == "NotIn") {
        if (values.empty()) {
            expression.refuse(op.text() + " needs values");
        }
    } else if (op.text() == "Exists" || op.text() == "DoesNotExist") {
        if (!values.empty()) {
            expression.refuse(op.text() + " takes no values");
        }
    } else {
        op.refuse("\"" + op.text() + "\" is none of In, NotIn, Exists and DoesNotExist");
    }
    for (const auto& value : values) {
        check_value(value);
    }
}

}  // namespace

void check_selector(const Part& selector) {
    selector.check_members({"matchLabels", "matchExpressions"});
    if (const auto labels = selector.find("matchLabels")) {
        for (const auto& [key, value] : labels->members()) {
            if (!is_qualified_name(key)) {
                value.refuse("\"" + key + "\" is no label key");
            }
            check_value(value);
        }
    }
    for (const auto& expression : selector.list("matchExpressions")) {
        check_expression(expression);
    }
}

Prefix read_cidr(const Part& part) {
    const auto prefix = Prefix::parse(part.text());
    if (!prefix) {
        part.refuse("\"" + part.text() + "\" is no CIDR");
    }
    return prefix->network();
}

void check_number(const Part& port) {
    if (port.number() < 1 || port.number() > kHighestPort) {
        port.refuse("must be from 1 to 65535");
    }
}

void check_says(const Part& object, std::string_view key, std::string_view wanted) {
    if (const auto said = object.find(key); said && said->text() != wanted) {
        said->refuse("must be \"" + std::string(wanted) + "\"");
    }
}

kube::Pairs read_labels(const Part& object, kube::Words& words) {
    kube::Pairs labels;
    if (const auto found = object.find("labels")) {
        for (const auto& [key, value] : found->members()) {
            if (!is_qualified_name(key)) {
                value.refuse("\"" + key + "\" is no label key");
            }
            check_value(value);
            labels.emplace_back(words.word(key), words.word(value.text()));
        }
    }
    std::sort(labels.begin(), labels.end());
    return labels;
}

}  // namespace terway::policy
