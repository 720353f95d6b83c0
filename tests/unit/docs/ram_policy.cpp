#include "ram_policy.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "terway/error.hpp"

namespace terway::ram {
namespace {

namespace json = boost::json;

std::vector<std::string> one_or_more(const json::object& statement, std::string_view key) {
    const auto* value = statement.if_contains(key);
    if (value != nullptr && value->is_string()) {
        return {std::string(value->get_string())};
    }
    if (value == nullptr || !value->is_array() || value->get_array().empty()) {
        throw Error(Status::Invalid, "a statement needs \"" + std::string(key) +
                                         "\": a string or an array of strings");
    }
    return json::value_to<std::vector<std::string>>(*value);
}

Statement parse_statement(const json::object& statement) {
    for (const auto& member : statement) {
        const std::string_view key = member.key();
        if (key != "Effect" && key != "Action" && key != "Resource") {
            throw Error(Status::Invalid, "\"" + std::string(key) + "\" is not understood");
        }
    }
    const auto* effect = statement.if_contains("Effect");
    if (effect == nullptr || (*effect != "Allow" && *effect != "Deny")) {
        throw Error(Status::Invalid, "the effect of a statement is \"Allow\" or \"Deny\"");
    }
    return {*effect == "Allow", one_or_more(statement, "Action"),
            one_or_more(statement, "Resource")};
}

bool matches(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) {
        return text.empty();
    }
    if (pattern.front() == '*') {
        return matches(pattern.substr(1), text) ||
               (!text.empty() && matches(pattern, text.substr(1)));
    }
    return !text.empty() && pattern.front() == text.front() &&
           matches(pattern.substr(1), text.substr(1));
}

bool names(const Statement& statement, std::string_view action) {
    return std::any_of(statement.actions.begin(), statement.actions.end(),
                       [action](const std::string& each) { return matches(each, action); });
}

void list(std::string& text, std::string_view title, const std::vector<std::string>& actions) {
    if (!actions.empty()) {
        text += title;
        for (const auto& action : actions) {
            text += " " + action;
        }
        text += "\n";
    }
}

}  // namespace

Policy parse_policy(std::string_view text) {
    json::error_code error;
    const auto value = json::parse(json::string_view(text.data(), text.size()), error);
    const auto* object = error ? nullptr : value.if_object();
    const auto* version = object == nullptr ? nullptr : object->if_contains("Version");
    const auto* statements = object == nullptr ? nullptr : object->if_contains("Statement");
    if (version == nullptr || *version != "1" || statements == nullptr || !statements->is_array()) {
        throw Error(Status::Invalid, "no RAM policy of version \"1\"");
    }
    Policy policy;
    for (const auto& each : statements->get_array()) {
        if (!each.is_object()) {
            throw Error(Status::Invalid, "a statement is an object");
        }
        policy.statements.push_back(parse_statement(each.get_object()));
    }
    return policy;
}

bool allows(const Policy& policy, std::string_view action) {
    bool allowed = false;
    for (const auto& statement : policy.statements) {
        if (names(statement, action)) {
            if (!statement.allow) {
                return false;
            }
            allowed = true;
        }
    }
    return allowed;
}

Difference compare(const Policy& policy, std::span<const std::string> made) {
    Difference difference;
    for (const auto& action : std::set<std::string>(made.begin(), made.end())) {
        if (!allows(policy, action)) {
            difference.missing.push_back(action);
        }
    }
    std::set<std::string> unused;
    for (const auto& statement : policy.statements) {
        for (const auto& pattern : statement.actions) {
            const bool used = std::any_of(made.begin(), made.end(), [&](const std::string& action) {
                return matches(pattern, action);
            });
            if (statement.allow && !used) {
                unused.insert(pattern);
            }
        }
    }
    difference.unused.assign(unused.begin(), unused.end());
    return difference;
}

std::string Difference::text() const {
    std::string text;
    list(text, "made, but the policy lacks:", missing);
    list(text, "granted by the policy, but never made:", unused);
    return text;
}

Policy together(std::span<const Policy> policies) {
    Policy all;
    for (const auto& policy : policies) {
        all.statements.insert(all.statements.end(), policy.statements.begin(),
                              policy.statements.end());
    }
    return all;
}

}  // namespace terway::ram
