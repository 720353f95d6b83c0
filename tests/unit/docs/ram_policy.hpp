// RAM policies: what they allow, and whether that is what somebody does. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace terway::ram {

struct Statement {
    bool allow = false;
    std::vector<std::string> actions;    // "ecs:CreateNetworkInterface", "*" for any characters
    std::vector<std::string> resources;  // ARNs
};

struct Policy {
    std::vector<Statement> statements;
};

// Throws Error(Invalid) for what is no policy, and for what this file does not understand
// (conditions, NotAction).
[[nodiscard]] Policy parse_policy(std::string_view json);

// On some resource. A denial wins.
[[nodiscard]] bool allows(const Policy& policy, std::string_view action);

struct Difference {
    std::vector<std::string> missing;  // made, but not allowed
    std::vector<std::string> unused;   // allowed, but never made

    [[nodiscard]] bool none() const { return missing.empty() && unused.empty(); }
    [[nodiscard]] std::string text() const;
};

// Between a policy and the actions of a call log ("ecs:AssignPrivateIpAddresses", in any order and
// number).
[[nodiscard]] Difference compare(const Policy& policy, std::span<const std::string> made);

// One policy with the statements of all.
[[nodiscard]] Policy together(std::span<const Policy> policies);

}  // namespace terway::ram
