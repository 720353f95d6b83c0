#include "policy/compiler.hpp"

#include <algorithm>
#include <iterator>

namespace terway::policy {
namespace {

std::string text_of(const std::vector<kube::NamedPort>& ports) {
    std::string text;
    for (const auto& port : ports) {
        text.append(port.name.view()).append(" ").append(name_of(port.protocol));
        text += std::to_string(port.number) + "\n";
    }
    return text;
}

template <class Policy>
const auto& rules_of(const Policy& policy, Direction direction) {
    return direction == Direction::Ingress ? policy.ingress : policy.egress;
}

ClusterPolicies with_rules(const ClusterPolicies& all, Direction direction) {
    ClusterPolicies out;
    std::copy_if(all.begin(), all.end(), std::back_inserter(out),
                 [&](const auto* policy) { return !rules_of(*policy, direction).empty(); });
    return out;
}

// What is asked in that direction: who has a NetworkPolicy is not asked for the baseline.
Selecting in(Direction direction, const Selecting& all) {
    Selecting out;
    std::copy_if(all.policies.begin(), all.policies.end(), std::back_inserter(out.policies),
                 [&](const auto* policy) { return rules_of(*policy, direction).has_value(); });
    out.admin = with_rules(all.admin, direction);
    if (out.policies.empty()) {
        out.baseline = with_rules(all.baseline, direction);
    }
    return out;
}

// Behind the last tier what passes is allowed.
Action action_of(kube::ClusterAction action, kube::ClusterTier tier) {
    switch (action) {
        case kube::ClusterAction::Accept:
            return Action::Allow;
        case kube::ClusterAction::Pass:
            return tier == kube::ClusterTier::Baseline ? Action::Allow : Action::Pass;
        case kube::ClusterAction::Deny:
            break;
    }
    return Action::Deny;
}

bool is_mute(const Tier& tier) {
    return tier.classes.empty() && tier.other.empty() && tier.named.empty() &&
           tier.otherwise != Action::Deny;
}

}  // namespace

std::shared_ptr<const RuleSetNode> Compiler::compile(Direction direction,
                                                     const Selecting& selecting,
                                                     const PodState& pod) {
    const Key key{direction, in(direction, selecting),
                  direction == Direction::Ingress ? text_of(pod.ports) : ""};
    auto& made = made_[key];
    if (!made) {
        made = std::make_shared<const RuleSetNode>(build(direction, key.selecting, pod));
    }
    return made;
}

RuleSetNode Compiler::build(Direction direction, const Selecting& selecting,
                            const PodState& pod) const {
    RuleSetNode node;
    const auto make = [&](TierMaker& maker) {
        if (auto tier = maker.make(node.sets); !is_mute(tier)) {
            node.rules.tiers.push_back(std::move(tier));
        }
    };
    const auto make_cluster = [&](const ClusterPolicies& policies, Action otherwise) {
        TierMaker maker(sources_, direction, pod, otherwise);
        for (const auto* const policy : policies) {
            for (const auto& rule : rules_of(*policy, direction)) {
                maker.add(rule.what, action_of(rule.action, policy->tier), {});
            }
        }
        make(maker);
    };
    make_cluster(selecting.admin, Action::Pass);
    if (!selecting.policies.empty()) {
        TierMaker maker(sources_, direction, pod, Action::Deny);
        for (const auto* const policy : selecting.policies) {
            for (const auto& rule : *rules_of(*policy, direction)) {
                maker.add(rule, Action::Allow, policy->meta.space.view());
            }
        }
        make(maker);
    }
    make_cluster(selecting.baseline, Action::Allow);
    node.rules.id = id_of<RuleSetId>(policy::text_of(node.rules));
    return node;
}

}  // namespace terway::policy
