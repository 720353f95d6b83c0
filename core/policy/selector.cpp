#include "policy/selector.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

namespace terway::policy {
namespace {

using kube::Operator;

const kube::Word* find(const kube::Pairs& labels, std::string_view key) {
    const auto found = std::lower_bound(
        labels.begin(), labels.end(), key,
        [](const auto& pair, std::string_view k) { return pair.first.view() < k; });
    return found != labels.end() && found->first == key ? &found->second : nullptr;
}

bool holds(const kube::Requirement& requirement, const kube::Pairs& labels) {
    const auto* const value = find(labels, requirement.key.view());
    const auto is_listed = [&] {
        return std::find(requirement.values.begin(), requirement.values.end(), *value) !=
               requirement.values.end();
    };
    switch (requirement.op) {
        case Operator::In:
            return value != nullptr && is_listed();
        case Operator::NotIn:
            return value == nullptr || !is_listed();
        case Operator::Exists:
            return value != nullptr;
        case Operator::DoesNotExist:
            return value == nullptr;
    }
    return false;
}

std::string_view sign_of(Operator op) {
    switch (op) {
        case Operator::In:
            return " in ";
        case Operator::NotIn:
            return " notin ";
        case Operator::Exists:
            return " exists";
        case Operator::DoesNotExist:
            return " !exists";
    }
    return "";
}

std::string text_of(std::string_view key, Operator op, const std::set<std::string_view>& values) {
    std::string text(key);
    text += sign_of(op);
    for (const auto value : values) {
        text.append(value).append(",");
    }
    return text;
}

}  // namespace

bool matches(const kube::LabelSelector& selector, const kube::Pairs& labels) {
    const auto has_label = [&](const auto& pair) {
        const auto* const value = find(labels, pair.first.view());
        return value != nullptr && *value == pair.second;
    };
    return std::all_of(selector.labels.begin(), selector.labels.end(), has_label) &&
           std::all_of(selector.expressions.begin(), selector.expressions.end(),
                       [&](const auto& requirement) { return holds(requirement, labels); });
}

std::string canonical(const kube::LabelSelector& selector) {
    std::set<std::string> lines;
    for (const auto& [key, value] : selector.labels) {
        lines.insert(text_of(key.view(), Operator::In, {value.view()}));
    }
    for (const auto& requirement : selector.expressions) {
        std::set<std::string_view> values;
        for (const auto& value : requirement.values) {
            values.insert(value.view());
        }
        lines.insert(text_of(requirement.key.view(), requirement.op, values));
    }
    std::string text;
    for (const auto& line : lines) {
        text.append(line).append(";");
    }
    return text;
}

}  // namespace terway::policy
