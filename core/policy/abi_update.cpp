#include "policy/abi_update.hpp"

#include <algorithm>

#include "terway/types.hpp"

namespace terway::policy {
namespace {

std::uint8_t lower(SetKind kind) {
    switch (kind) {
        case SetKind::Pods:
            return TWY_SET_PODS;
        case SetKind::Blocks:
            return TWY_SET_BLOCKS;
        case SetKind::Named:
            return TWY_SET_NAMED;
    }
    return 0;
}

std::uint8_t lower(Action action) {
    switch (action) {
        case Action::Allow:
            return TWY_ALLOW;
        case Action::Deny:
            return TWY_DENY;
        case Action::Pass:
            return TWY_PASS;
    }
    return 0;
}

template <class Of>
twy_id lower_id(const ContentId<Of>& id) {
    return {id.high, id.low};
}

twy_member member(const IpAddress& first, const IpAddress& last, std::uint16_t port) {
    twy_member made{};
    made.family = first.is_v4() ? 4 : 6;
    made.port = port;
    std::copy(first.bytes().begin(), first.bytes().end(), made.first);
    std::copy(last.bytes().begin(), last.bytes().end(), made.last);
    return made;
}

std::vector<twy_member> lower(const Members& members) {
    std::vector<twy_member> out;
    out.reserve(members.addresses.size() + members.ranges.size() + members.ports.size());
    for (const auto& address : members.addresses) {
        out.push_back(member(address, address, 0));
    }
    for (const auto& [first, last] : members.ranges) {
        out.push_back(member(first, last, 0));
    }
    for (const auto& [address, port] : members.ports) {
        out.push_back(member(address, address, port));
    }
    return out;
}

}  // namespace

AbiUpdate::AbiUpdate(const Update& update, bool is_full, const KeysOfPod& keys)
    : raw_(sdk::sized<twy_policy_update>()) {
    for (const auto& change : update.sets) {
        add(change);
    }
    for (const auto& rules : update.endpoints) {
        add(rules, keys);
    }
    for (const auto& pod : update.gone_endpoints) {
        for (auto& key : keys(pod)) {
            const auto container = keep(std::move(key.container_id));
            gone_endpoints_.push_back({container, keep(std::move(key.ifname))});
        }
    }
    for (const auto& id : update.gone_sets) {
        gone_sets_.push_back(lower_id(id));
    }
    raw_.is_full = is_full ? 1 : 0;
    raw_.revision = update.revision;
    raw_.sets = set_list_.data();
    raw_.set_count = set_list_.size();
    raw_.endpoints = endpoint_list_.data();
    raw_.endpoint_count = endpoint_list_.size();
    raw_.gone_endpoints = gone_endpoints_.data();
    raw_.gone_endpoint_count = gone_endpoints_.size();
    raw_.gone_sets = gone_sets_.data();
    raw_.gone_set_count = gone_sets_.size();
}

twy_str AbiUpdate::keep(std::string text) {
    return sdk::str(texts_.emplace_back(std::move(text)));
}

void AbiUpdate::add(const SetChange& change) {
    const auto& added = members_.emplace_back(policy::lower(change.added));
    const auto& removed = members_.emplace_back(policy::lower(change.removed));
    auto& made = sets_.emplace_back(sdk::sized<twy_set_change>());
    made.kind = policy::lower(change.kind);
    made.protocol = change.kind == SetKind::Named ? number_of(change.protocol) : 0;
    made.is_new = change.is_new ? 1 : 0;
    made.id = lower_id(change.id);
    made.added = added.data();
    made.added_count = added.size();
    made.removed = removed.data();
    made.removed_count = removed.size();
    set_list_.push_back(&made);
}

void AbiUpdate::add(const EndpointRules& rules, const KeysOfPod& keys) {
    auto all = keys(rules.pod);
    if (all.empty()) {
        return;
    }
    auto& policies = policies_.emplace_back();
    for (const auto& policy : rules.policies) {
        policies.push_back(keep(policy.text()));
    }
    for (auto& key : all) {
        auto& made = endpoints_.emplace_back(sdk::sized<twy_endpoint_rules>());
        made.key.container_id = keep(std::move(key.container_id));
        made.key.ifname = keep(std::move(key.ifname));
        made.ingress = lower(*rules.ingress);
        made.egress = lower(*rules.egress);
        made.policies = policies.data();
        made.policy_count = policies.size();
        endpoint_list_.push_back(&made);
    }
}

const twy_rule_set* AbiUpdate::lower(const RuleSet& rules) {
    const auto at = std::lower_bound(known_.begin(), known_.end(), rules.id,
                                     [](const auto& a, const auto& id) { return a.first < id; });
    if (at != known_.end() && at->first == rules.id) {
        return at->second;
    }
    auto& list = tier_lists_.emplace_back();
    for (const auto& tier : rules.tiers) {
        list.push_back(lower(tier));
    }
    auto& made = rule_sets_.emplace_back(sdk::sized<twy_rule_set>());
    made.id = lower_id(rules.id);
    made.tiers = list.data();
    made.tier_count = list.size();
    known_.emplace(at, rules.id, &made);
    return &made;
}

const twy_tier* AbiUpdate::lower(const Tier& tier) {
    const auto& named = lower(tier.named);
    auto& classes = class_lists_.emplace_back();
    for (const auto& each : tier.classes) {
        classes.push_back(lower(each));
    }
    auto& made = tiers_.emplace_back(sdk::sized<twy_tier>());
    made.otherwise = policy::lower(tier.otherwise);
    made.named = named.data();
    made.named_count = named.size();
    made.classes = classes.data();
    made.class_count = classes.size();
    made.others = lower(tier.other);
    made.other_count = tier.other.size();
    return &made;
}

const twy_port_class* AbiUpdate::lower(const PortClass& of) {
    auto& made = classes_.emplace_back(sdk::sized<twy_port_class>());
    made.protocol = number_of(of.protocol);
    made.first = of.first;
    made.last = of.last;
    made.matches = lower(of.matches);
    made.match_count = of.matches.size();
    return &made;
}

const twy_match* const* AbiUpdate::lower(const std::vector<Match>& matches) {
    auto& list = match_lists_.emplace_back();
    for (const auto& match : matches) {
        const auto& sets = lower(match.peers.sets);
        auto& made = matches_.emplace_back(sdk::sized<twy_match>());
        made.action = policy::lower(match.action);
        made.any = match.peers.any ? 1 : 0;
        made.sets = sets.data();
        made.set_count = sets.size();
        list.push_back(&made);
    }
    return list.data();
}

const std::vector<twy_id>& AbiUpdate::lower(const std::vector<SetId>& ids) {
    auto& made = ids_.emplace_back();
    for (const auto& id : ids) {
        made.push_back(lower_id(id));
    }
    return made;
}

}  // namespace terway::policy
