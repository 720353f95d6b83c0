#include "policy/abi_update.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "terway/types.hpp"

namespace terway::policy {
namespace {

std::uint8_t number_of(Protocol protocol) {
    switch (protocol) {
        case Protocol::Udp:
            return IPPROTO_UDP;
        case Protocol::Sctp:
            return IPPROTO_SCTP;
        case Protocol::Tcp:
            break;
    }
    return IPPROTO_TCP;
}

std::uint8_t number_of(SetKind kind) {
    switch (kind) {
        case SetKind::Blocks:
            return TWY_SET_BLOCKS;
        case SetKind::Named:
            return TWY_SET_NAMED;
        case SetKind::Pods:
            break;
    }
    return TWY_SET_PODS;
}

std::uint8_t number_of(Action action) {
    switch (action) {
        case Action::Deny:
            return TWY_DENY;
        case Action::Pass:
            return TWY_PASS;
        case Action::Allow:
            break;
    }
    return TWY_ALLOW;
}

template <class Id>
twy_id lower(const Id& id) {
    return {id.high, id.low};
}

twy_member member(const IpAddress& first, const IpAddress& last, std::uint16_t port) {
    twy_member made{};
    made.family = static_cast<std::uint8_t>(first.family());
    made.port = port;
    std::copy(first.bytes().begin(), first.bytes().end(), made.first);
    std::copy(last.bytes().begin(), last.bytes().end(), made.last);
    return made;
}

std::vector<twy_member> lower(const Members& members) {
    std::vector<twy_member> all;
    all.reserve(members.addresses.size() + members.ranges.size() + members.ports.size());
    for (const auto& address : members.addresses) {
        all.push_back(member(address, address, 0));
    }
    for (const auto& range : members.ranges) {
        all.push_back(member(range.first, range.last, 0));
    }
    for (const auto& [address, port] : members.ports) {
        all.push_back(member(address, address, port));
    }
    return all;
}

// Keeps values where pointers to them stay good, and a list of these pointers.
template <class Of>
class Row {
public:
    Of& add() {
        auto& made = values_.emplace_back(sdk::sized<Of>());
        pointers_.push_back(&made);
        return made;
    }
    [[nodiscard]] const Of* const* data() const noexcept { return pointers_.data(); }
    [[nodiscard]] std::size_t size() const noexcept { return pointers_.size(); }

private:
    std::deque<Of> values_;
    std::vector<const Of*> pointers_;
};

}  // namespace

struct AbiUpdate::Content {
    twy_policy_update raw = sdk::sized<twy_policy_update>();
    Row<twy_set_change> sets;
    Row<twy_endpoint_rules> endpoints;
    std::vector<twy_endpoint_key> gone_endpoints;
    std::vector<twy_id> gone_sets;

    std::deque<std::vector<twy_member>> members;
    std::deque<std::vector<twy_id>> ids;
    std::deque<Row<twy_match>> matches;
    std::deque<Row<twy_port_class>> classes;
    std::deque<Row<twy_tier>> tiers;
    std::map<RuleSetId, twy_rule_set> rule_sets;
    std::deque<std::vector<EndpointKeyText>> keys;
    std::deque<std::string> names;
    std::deque<std::vector<twy_str>> policies;

    const std::vector<twy_id>& lower_ids(const std::vector<SetId>& from) {
        auto& all = ids.emplace_back();
        for (const auto& id : from) {
            all.push_back(lower(id));
        }
        return all;
    }

    const Row<twy_match>& lower_matches(const std::vector<Match>& from) {
        auto& row = matches.emplace_back();
        for (const auto& match : from) {
            auto& made = row.add();
            made.action = number_of(match.action);
            made.any = match.peers.any ? 1 : 0;
            const auto& sets_of = lower_ids(match.peers.sets);
            made.sets = sets_of.data();
            made.set_count = sets_of.size();
        }
        return row;
    }

    const Row<twy_port_class>& lower_classes(const std::vector<PortClass>& from) {
        auto& row = classes.emplace_back();
        for (const auto& each : from) {
            auto& made = row.add();
            made.protocol = number_of(each.protocol);
            made.first = each.first;
            made.last = each.last;
            const auto& inner = lower_matches(each.matches);
            made.matches = inner.data();
            made.match_count = inner.size();
        }
        return row;
    }

    const twy_rule_set* lower_rules(const RuleSet& from) {
        const auto [found, is_new] =
            rule_sets.try_emplace(from.id, sdk::sized<twy_rule_set>());
        auto& made = found->second;
        if (!is_new) {
            return &made;
        }
        made.id = lower(from.id);
        auto& row = tiers.emplace_back();
        for (const auto& tier : from.tiers) {
            auto& lowered = row.add();
            lowered.otherwise = number_of(tier.otherwise);
            const auto& named = lower_ids(tier.named);
            lowered.named = named.data();
            lowered.named_count = named.size();
            const auto& of_ports = lower_classes(tier.classes);
            lowered.classes = of_ports.data();
            lowered.class_count = of_ports.size();
            const auto& others = lower_matches(tier.other);
            lowered.others = others.data();
            lowered.other_count = others.size();
        }
        made.tiers = row.data();
        made.tier_count = row.size();
        return &made;
    }

    void lower_set(const SetChange& from) {
        auto& made = sets.add();
        made.kind = number_of(from.kind);
        made.protocol = from.kind == SetKind::Named ? number_of(from.protocol) : 0;
        made.is_new = from.is_new ? 1 : 0;
        made.id = lower(from.id);
        const auto& added = members.emplace_back(lower(from.added));
        made.added = added.data();
        made.added_count = added.size();
        const auto& removed = members.emplace_back(lower(from.removed));
        made.removed = removed.data();
        made.removed_count = removed.size();
    }

    static twy_endpoint_key lower_key(const EndpointKeyText& key) {
        return {sdk::str(key.container_id), sdk::str(key.ifname)};
    }

    void lower_endpoint(const EndpointRules& from, std::vector<EndpointKeyText> keys_of_pod) {
        if (keys_of_pod.empty()) {
            return;
        }
        auto& texts = policies.emplace_back();
        for (const auto& policy : from.policies) {
            texts.push_back(sdk::str(names.emplace_back(policy.text())));
        }
        const auto* const ingress = lower_rules(*from.ingress);
        const auto* const egress = lower_rules(*from.egress);
        for (const auto& key : keys.emplace_back(std::move(keys_of_pod))) {
            auto& made = endpoints.add();
            made.key = lower_key(key);
            made.ingress = ingress;
            made.egress = egress;
            made.policies = texts.data();
            made.policy_count = texts.size();
        }
    }
};

AbiUpdate::AbiUpdate(const Update& update, bool is_full, const KeysOf& keys_of)
    : content_(std::make_unique<Content>()) {
    auto& all = *content_;
    for (const auto& change : update.sets) {
        all.lower_set(change);
    }
    for (const auto& rules : update.endpoints) {
        all.lower_endpoint(rules, keys_of(rules.pod));
    }
    for (const auto& pod : update.gone_endpoints) {
        for (const auto& key : all.keys.emplace_back(keys_of(pod))) {
            all.gone_endpoints.push_back(Content::lower_key(key));
        }
    }
    for (const auto& id : update.gone_sets) {
        all.gone_sets.push_back(lower(id));
    }
    all.raw.is_full = is_full ? 1 : 0;
    all.raw.revision = update.revision;
    all.raw.sets = all.sets.data();
    all.raw.set_count = all.sets.size();
    all.raw.endpoints = all.endpoints.data();
    all.raw.endpoint_count = all.endpoints.size();
    all.raw.gone_endpoints = all.gone_endpoints.data();
    all.raw.gone_endpoint_count = all.gone_endpoints.size();
    all.raw.gone_sets = all.gone_sets.data();
    all.raw.gone_set_count = all.gone_sets.size();
}

AbiUpdate::~AbiUpdate() = default;

const twy_policy_update& AbiUpdate::raw() const {
    return content_->raw;
}

}  // namespace terway::policy
