#include "policy/tier_maker.hpp"

#include <algorithm>

namespace terway::policy {
namespace {

constexpr std::uint16_t kHighestPort = 65535;

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

void TierMaker::add(const kube::PolicyRule& rule, Action action, std::string_view space) {
    const auto number = rules_.size();
    rules_.push_back({&rule, action, space, {}});
    if (rule.ports.empty()) {
        for (const auto protocol : {Protocol::Tcp, Protocol::Udp, Protocol::Sctp}) {
            spans_.push_back({protocol, 0, kHighestPort, number});
        }
        other_.push_back(number);
    }
    for (const auto& port : rule.ports) {
        if (port.name.empty()) {
            spans_.push_back({port.protocol, port.first, port.last, number});
        } else {
            add_named_port(port, number);
        }
    }
}

void TierMaker::add_named_port(const kube::PolicyPort& port, std::size_t rule) {
    if (direction_ == Direction::Ingress) {
        for (const auto& named : pod_.ports) {
            if (named.name == port.name && named.protocol == port.protocol) {
                spans_.push_back({port.protocol, named.number, named.number, rule});
            }
        }
    } else if (is_ordered()) {
        auto of_callers = rules_[rule];
        of_callers.port_name = port.name;
        for (const auto number : sources_.port_names.numbers(port.protocol, port.name)) {
            spans_.push_back({port.protocol, number, number, rules_.size()});
            rules_.push_back(of_callers);
        }
    } else {
        auto& rules = named_[{port.protocol, port.name}];
        if (rules.empty() || rules.back() != rule) {
            rules.push_back(rule);
        }
    }
}

Tier TierMaker::make(std::set<SetId>& used) {
    Tier tier;
    tier.otherwise = otherwise_;
    for (const auto& slice : slices_of(spans_)) {
        auto matches = matches_of(slice);
        if (!matches.empty()) {
            append(tier.classes, {slice.protocol, slice.first, slice.last, std::move(matches)});
        }
    }
    tier.other = matches_of({{}, 0, 0, other_});
    for (const auto& [name, rules] : named_) {
        tier.named.push_back(named_set(name, rules));
    }
    std::sort(tier.named.begin(), tier.named.end());

    used.insert(tier.named.begin(), tier.named.end());
    for (const auto& [_, matches] : matches_) {
        for (const auto& match : matches) {
            used.insert(match.peers.sets.begin(), match.peers.sets.end());
        }
    }
    return tier;
}

std::vector<TierMaker::Run> TierMaker::runs_of(const RuleNumbers& numbers) const {
    std::vector<Run> runs;
    const auto is_decided = [&](const kube::Word& port_name, const std::string& key) {
        return std::any_of(runs.begin(), runs.end(), [&](const Run& run) {
            return run.groups.contains({{}, key}) || run.groups.contains({port_name, key});
        });
    };
    for (const auto number : numbers) {
        const auto& [rule, action, space, port_name] = rules_[number];
        Run meant{action, rule->peers.empty(), {}, {}};
        for (const auto& peer : rule->peers) {
            if (peer.block) {
                meant.blocks.push_back(*peer.block);
            } else if (peer.pods || peer.spaces) {
                auto group = group_of(peer, space);
                if (auto key = group.key; !is_decided(port_name, key)) {
                    meant.groups.try_emplace({port_name, std::move(key)}, std::move(group));
                }
            }
        }
        if (runs.empty() || runs.back().action != action) {
            if (meant.any || !meant.groups.empty() || !meant.blocks.empty()) {
                runs.push_back(std::move(meant));
            }
        } else {
            auto& run = runs.back();
            run.any = meant.any;
            run.groups.merge(meant.groups);
            run.blocks.insert(run.blocks.end(), meant.blocks.begin(), meant.blocks.end());
        }
        if (!runs.empty() && runs.back().any) {
            break;
        }
    }
    return runs;
}

std::vector<Match> TierMaker::matches_of(const PortSlice& slice) {
    const auto [found, is_new] = matches_.try_emplace(slice.rules);
    auto& matches = found->second;
    if (!is_new) {
        return matches;
    }
    auto runs = runs_of(slice.rules);
    while (!runs.empty() && runs.back().action == otherwise_) {
        runs.pop_back();
    }
    for (const auto& run : runs) {
        if (auto peers = peers_of(run, slice); peers.any || !peers.sets.empty()) {
            matches.push_back({run.action, std::move(peers)});
        }
    }
    return matches;
}

Peers TierMaker::peers_of(const Run& run, const PortSlice& slice) {
    Peers peers;
    peers.any = run.any;
    if (run.any) {
        return peers;
    }
    const auto add = [&](SetPlan plan) {
        peers.sets.push_back(sources_.sets.ensure(std::move(plan), sources_.all_pods).id);
    };
    std::map<kube::Word, std::vector<PeerGroup*>> groups;
    for (const auto& [key, group] : run.groups) {
        groups[key.first].push_back(&sources_.groups.ensure(group));
    }
    for (const auto& [port_name, all] : groups) {
        SetPlan plan;
        if (!port_name.empty()) {
            plan.protocol = slice.protocol;
            plan.name = port_name;
            plan.number = slice.first;
        }
        if (run.groups.size() > kMostPodSets) {
            plan.groups = all;
            add(std::move(plan));
            continue;
        }
        for (auto* const group : all) {
            plan.groups = {group};
            add(plan);
        }
    }
    if (auto ranges = ranges_of(run.blocks); !ranges.empty()) {
        SetPlan plan;
        plan.kind = SetKind::Blocks;
        plan.ranges = std::move(ranges);
        add(std::move(plan));
    }
    std::sort(peers.sets.begin(), peers.sets.end());
    return peers;
}

SetId TierMaker::named_set(const PortName& name, const RuleNumbers& numbers) {
    const auto runs = runs_of(numbers);
    const auto meant = runs.empty() ? Run{} : runs.front();
    SetPlan plan;
    plan.kind = SetKind::Named;
    plan.protocol = name.protocol;
    plan.name = name.name;
    if (meant.any) {
        kube::PolicyPeer everywhere;
        everywhere.spaces.emplace();
        plan.groups = {&sources_.groups.ensure(group_of(everywhere, ""))};
    } else {
        for (const auto& [_, group] : meant.groups) {
            plan.groups.push_back(&sources_.groups.ensure(group));
        }
        plan.ranges = ranges_of(meant.blocks);
    }
    return sources_.sets.ensure(std::move(plan), sources_.all_pods).id;
}

}  // namespace terway::policy
