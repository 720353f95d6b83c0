// Makes the rules of one endpoint out of the policies that select it. Private to core/policy.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "policy/cluster.hpp"
#include "policy/tier_maker.hpp"

namespace terway::policy {

struct RuleSetNode {
    RuleSet rules;
    std::set<SetId> sets;
};

using Policies = std::vector<const kube::NetworkPolicy*>;
using ClusterPolicies = std::vector<const kube::ClusterNetworkPolicy*>;

// Those that select one pod, in one order; cluster policies in that in which they are asked.
struct Selecting {
    Policies policies;
    ClusterPolicies admin;
    ClusterPolicies baseline;

    auto operator<=>(const Selecting&) const = default;  // NOLINT(modernize-use-nullptr)
};

// For the length of one update.
class Compiler {
public:
    explicit Compiler(TierSources sources) : sources_(std::move(sources)) {}

    // The rules for `pod`. Endpoints for which the same is true share the answer.
    [[nodiscard]] std::shared_ptr<const RuleSetNode> compile(Direction direction,
                                                             const Selecting& selecting,
                                                             const PodState& pod);

private:
    [[nodiscard]] RuleSetNode build(Direction direction, const Selecting& selecting,
                                    const PodState& pod) const;

    const TierSources sources_;

    struct Key {
        Direction direction;
        Selecting selecting;  // in that direction
        std::string ports;
        auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr)
    };
    std::map<Key, std::shared_ptr<const RuleSetNode>> made_;
};

}  // namespace terway::policy
