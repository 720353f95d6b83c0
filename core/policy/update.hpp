// What changed on one node, told in a way that can be carried out in order: first the sets, then
// the endpoints, then what nobody needs any more. Values.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "policy/rule_set.hpp"

namespace terway::policy {

// A pod or a policy; a cluster policy has no namespace.
struct ObjectName {
    std::string space;
    std::string name;

    [[nodiscard]] std::string text() const { return space.empty() ? name : space + "/" + name; }
    auto operator<=>(const ObjectName&) const = default;  // NOLINT(modernize-use-nullptr)
};

// All that holds for a local pod.
struct EndpointRules {
    ObjectName pod;
    std::uint64_t revision = 0;  // of the update that brought it
    std::shared_ptr<const RuleSet> ingress;
    std::shared_ptr<const RuleSet> egress;
    std::vector<ObjectName> policies;  // that select it, by name: cluster policies first
};

struct SetChange {
    SetId id;
    SetKind kind = SetKind::Pods;
    Protocol protocol = Protocol::Tcp;  // of Named
    bool is_new = false;                // then `added` is all it has
    Members added;
    Members removed;

    bool operator==(const SetChange&) const = default;
};

// Sorted by id and name.
struct Update {
    std::uint64_t revision = 0;
    std::vector<SetChange> sets;
    std::vector<EndpointRules> endpoints;
    std::vector<ObjectName> gone_endpoints;
    std::vector<SetId> gone_sets;

    [[nodiscard]] bool empty() const noexcept {
        return sets.empty() && endpoints.empty() && gone_endpoints.empty() && gone_sets.empty();
    }
};

}  // namespace terway::policy
