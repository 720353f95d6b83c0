#include <algorithm>
#include <span>

#include "policy/abi_update.hpp"
#include "terway/error.hpp"
#include "terway/types.hpp"

namespace terway::policy {
namespace {

[[noreturn]] void refuse(const std::string& what, unsigned number) {
    throw Error(Status::Invalid, "policy update: " + what + " " + std::to_string(number));
}

Protocol protocol_from(std::uint8_t number) {
    const auto protocol = protocol_by_number(number);
    if (!protocol) {
        refuse("unknown protocol", number);
    }
    return *protocol;
}

SetKind kind_from(std::uint8_t number) {
    switch (number) {
        case TWY_SET_PODS:
            return SetKind::Pods;
        case TWY_SET_BLOCKS:
            return SetKind::Blocks;
        case TWY_SET_NAMED:
            return SetKind::Named;
        default:
            refuse("unknown kind of set", number);
    }
}

Action action_from(std::uint8_t number) {
    switch (number) {
        case TWY_ALLOW:
            return Action::Allow;
        case TWY_DENY:
            return Action::Deny;
        case TWY_PASS:
            return Action::Pass;
        default:
            refuse("unknown action", number);
    }
}

IpAddress address_from(std::uint8_t family, const std::uint8_t* bytes) {
    if (family != 4 && family != 6) {
        refuse("unknown family", family);
    }
    return family == 4 ? IpAddress(Family::V4, {bytes, 4}) : IpAddress(Family::V6, {bytes, 16});
}

Members members_from(SetKind kind, std::span<const twy_member> raw) {
    Members out;
    for (const auto& member : raw) {
        const auto first = address_from(member.family, member.first);
        switch (kind) {
            case SetKind::Pods:
                out.addresses.push_back(first);
                break;
            case SetKind::Blocks:
                out.ranges.push_back({first, address_from(member.family, member.last)});
                break;
            case SetKind::Named:
                out.ports.push_back({first, member.port});
                break;
        }
    }
    return out;
}

std::vector<SetId> ids_from(const twy_id* raw, std::size_t count) {
    std::vector<SetId> out;
    out.reserve(count);
    std::transform(raw, raw + count, std::back_inserter(out), set_id_from);
    return out;
}

std::vector<Match> matches_from(const twy_match* const* raw, std::size_t count) {
    std::vector<Match> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back({action_from(raw[i]->action),
                       {raw[i]->any != 0, ids_from(raw[i]->sets, raw[i]->set_count)}});
    }
    return out;
}

Tier tier_from(const twy_tier& raw) {
    Tier tier;
    tier.otherwise = action_from(raw.otherwise);
    tier.named = ids_from(raw.named, raw.named_count);
    tier.other = matches_from(raw.others, raw.other_count);
    for (std::size_t i = 0; i < raw.class_count; ++i) {
        const auto& each = *raw.classes[i];
        tier.classes.push_back({protocol_from(each.protocol), each.first, each.last,
                                matches_from(each.matches, each.match_count)});
    }
    return tier;
}

}  // namespace

SetId set_id_from(const twy_id& raw) {
    return {raw.high, raw.low};
}

EndpointKey key_from(const twy_endpoint_key& raw) {
    return {std::string(sdk::view(raw.container_id)), std::string(sdk::view(raw.ifname))};
}

SetChange set_change_from(const twy_set_change& raw) {
    SetChange change;
    change.id = set_id_from(raw.id);
    change.kind = kind_from(raw.kind);
    if (change.kind == SetKind::Named) {
        change.protocol = protocol_from(raw.protocol);
    }
    change.is_new = raw.is_new != 0;
    change.added = members_from(change.kind, {raw.added, raw.added_count});
    change.removed = members_from(change.kind, {raw.removed, raw.removed_count});
    return change;
}

RuleSet rule_set_from(const twy_rule_set& raw) {
    RuleSet rules;
    rules.id = {raw.id.high, raw.id.low};
    for (std::size_t i = 0; i < raw.tier_count; ++i) {
        rules.tiers.push_back(tier_from(*raw.tiers[i]));
    }
    return rules;
}

}  // namespace terway::policy
