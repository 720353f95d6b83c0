#include "policy/compiler.hpp"

#include <algorithm>

namespace terway::policy {
namespace {

constexpr std::uint16_t kHighestPort = 65535;

std::string text_of(const std::vector<kube::NamedPort>& ports) {
    std::string text;
    for (const auto& port : ports) {
        text.append(port.name.view()).append(" ").append(name_of(port.protocol));
        text += std::to_string(port.number) + "\n";
    }
    return text;
}

const kube::PolicyRules& rules_of(const kube::NetworkPolicy& policy, Direction direction) {
    return direction == Direction::Ingress ? policy.ingress : policy.egress;
}

// Neighbours may have different rules and yet the same peers.
void append(std::vector<PortClass>& classes, PortClass next) {
    if (!classes.empty()) {
        auto& last = classes.back();
        if (last.protocol == next.protocol && last.last + 1U == next.first &&
            last.matches == next.matches) {
            last.last = next.last;
            return;
        }
    }
    classes.push_back(std::move(next));
}

}  // namespace

std::shared_ptr<const RuleSetNode> Compiler::compile(Direction direction, const Policies& policies,
                                                     const PodState& pod) {
    Key key{direction, {}, direction == Direction::Ingress ? text_of(pod.ports) : ""};
    for (const auto* const policy : policies) {
        if (rules_of(*policy, direction)) {
            key.policies.push_back(policy);
        }
    }
    auto& made = made_[key];
    if (!made) {
        made = std::make_shared<const RuleSetNode>(build(direction, key.policies, pod));
    }
    return made;
}

RuleSetNode Compiler::build(Direction direction, const Policies& policies, const PodState& pod) {
    rules_.clear();
    matches_.clear();
    RuleSetNode node;
    Ports ports;
    for (const auto* const policy : policies) {
        for (const auto& rule : *rules_of(*policy, direction)) {
            rules_.push_back({&rule, policy->meta.space.view()});
            add_ports(ports, rules_.size() - 1, direction, pod);
        }
    }
    if (!policies.empty()) {
        auto& tier = node.rules.tiers.emplace_back();
        for (auto& slice : slices_of(ports.spans)) {
            auto matches = matches_of(slice.rules, node.sets);
            if (!matches.empty()) {
                append(tier.classes, {slice.protocol, slice.first, slice.last, std::move(matches)});
            }
        }
        tier.other = matches_of(ports.other, node.sets);
        for (const auto& [name, numbers] : ports.named) {
            tier.named.push_back(named_set(name, numbers));
        }
        std::sort(tier.named.begin(), tier.named.end());
        node.sets.insert(tier.named.begin(), tier.named.end());
    }
    node.rules.id = id_of<RuleSetId>(policy::text_of(node.rules));
    return node;
}

void Compiler::add_ports(Ports& ports, std::size_t number, Direction direction,
                         const PodState& pod) const {
    const auto& rule = *rules_[number].rule;
    if (rule.ports.empty()) {
        for (const auto protocol : {Protocol::Tcp, Protocol::Udp, Protocol::Sctp}) {
            ports.spans.push_back({protocol, 0, kHighestPort, number});
        }
        ports.other.push_back(number);
    }
    for (const auto& port : rule.ports) {
        if (port.name.empty()) {
            ports.spans.push_back({port.protocol, port.first, port.last, number});
        } else if (direction == Direction::Egress) {
            auto& numbers = ports.named[{port.protocol, port.name}];
            if (numbers.empty() || numbers.back() != number) {
                numbers.push_back(number);
            }
        } else {
            for (const auto& named : pod.ports) {
                if (named.name == port.name && named.protocol == port.protocol) {
                    ports.spans.push_back({port.protocol, named.number, named.number, number});
                }
            }
        }
    }
}

Compiler::Meant Compiler::meant_by(const RuleNumbers& numbers) const {
    Meant meant;
    for (const auto number : numbers) {
        const auto& [rule, space] = rules_[number];
        meant.any = meant.any || rule->peers.empty();
        for (const auto& peer : rule->peers) {
            if (peer.block) {
                meant.blocks.push_back(*peer.block);
            } else if (peer.pods || peer.spaces) {
                auto group = group_of(peer, space);
                auto key = group.key;
                meant.groups.emplace(std::move(key), std::move(group));
            }
        }
    }
    return meant;
}

std::vector<PeerGroup*> Compiler::ensure(const Meant& meant) {
    std::vector<PeerGroup*> groups;
    for (const auto& [_, group] : meant.groups) {
        groups.push_back(&groups_.ensure(group));
    }
    return groups;
}

std::vector<Match> Compiler::matches_of(const RuleNumbers& numbers, std::set<SetId>& used) {
    const auto [found, is_new] = matches_.try_emplace(numbers);
    if (!is_new) {
        return found->second;
    }
    Peers peers;
    const auto meant = meant_by(numbers);
    peers.any = meant.any;
    if (!meant.any) {
        const auto add = [&](SetPlan plan) {
            peers.sets.push_back(sets_.ensure(std::move(plan), all_pods_).id);
        };
        const auto groups = ensure(meant);
        if (groups.size() > kMostPodSets) {
            add({SetKind::Pods, groups, {}, {}, {}});
        } else {
            for (auto* const group : groups) {
                add({SetKind::Pods, {group}, {}, {}, {}});
            }
        }
        if (auto ranges = ranges_of(meant.blocks); !ranges.empty()) {
            add({SetKind::Blocks, {}, std::move(ranges), {}, {}});
        }
        std::sort(peers.sets.begin(), peers.sets.end());
        used.insert(peers.sets.begin(), peers.sets.end());
    }
    if (peers.any || !peers.sets.empty()) {
        found->second.push_back({Action::Allow, std::move(peers)});
    }
    return found->second;
}

SetId Compiler::named_set(const PortName& name, const RuleNumbers& numbers) {
    auto meant = meant_by(numbers);
    if (meant.any) {
        kube::PolicyPeer everywhere;
        everywhere.spaces.emplace();
        auto group = group_of(everywhere, "");
        auto key = group.key;
        meant = {};
        meant.groups.emplace(std::move(key), std::move(group));
    }
    return sets_
        .ensure({SetKind::Named, ensure(meant), ranges_of(meant.blocks), name.protocol, name.name},
                all_pods_)
        .id;
}

}  // namespace terway::policy
