#include "policy/sets.hpp"

#include <algorithm>
#include <string_view>

namespace terway::policy {
namespace {

void sort(Members& members) {
    std::sort(members.addresses.begin(), members.addresses.end());
    std::sort(members.ports.begin(), members.ports.end());
}

void put(Members& members, SetKind kind, const AddressPort& member) {
    if (kind == SetKind::Named) {
        members.ports.push_back(member);
    } else {
        members.addresses.push_back(member.address);
    }
}

SetChange change_of(const SetNode& set, bool is_new) {
    const bool is_named = set.plan.kind == SetKind::Named;
    return {set.id, set.plan.kind, is_named ? set.plan.protocol : Protocol::Tcp, is_new, {}, {}};
}

SetChange whole(const SetNode& set, bool as_it_was) {
    auto change = change_of(set, true);
    if (set.plan.kind == SetKind::Blocks) {
        change.added.ranges = set.plan.ranges;
    }
    for (const auto& [member, _] : set.members) {
        if (!as_it_was || !set.touched.contains(member)) {
            put(change.added, set.plan.kind, member);
        }
    }
    for (const auto& [member, was] : set.touched) {
        if (as_it_was && was) {
            put(change.added, set.plan.kind, member);
        }
    }
    sort(change.added);
    return change;
}

SetChange difference(const SetNode& set) {
    auto change = change_of(set, false);
    for (const auto& [member, was] : set.touched) {
        if (set.members.contains(member) != was) {
            put(was ? change.removed : change.added, set.plan.kind, member);
        }
    }
    sort(change.added);
    sort(change.removed);
    return change;
}

}  // namespace

std::string SetPlan::key() const {
    std::string text;
    if (kind == SetKind::Named) {
        text.append("named ").append(name_of(protocol)).append(" ").append(name.view()) += "\n";
    } else if (!name.empty()) {
        text.append("port ").append(name_of(protocol)).append(" ").append(name.view());
        text += " " + std::to_string(number) + "\n";
    }
    for (const auto* const group : groups) {
        text.append(group->key).append("\n");
    }
    for (const auto& range : ranges) {
        text += range.first.text() + "-" + range.last.text() + "\n";
    }
    return text;
}

std::size_t MemberHash::operator()(const AddressPort& member) const noexcept {
    std::uint64_t hash = member.port;
    for (const auto byte : member.address.bytes()) {
        hash = (hash ^ byte) * 0x100000001b3ULL;
    }
    return static_cast<std::size_t>(hash ^ (hash >> 29U));
}

void SetNode::count(const AddressPort& member, int ways) {
    const auto [place, is_new] = members.try_emplace(member, 0);
    if (is_told) {
        touched.try_emplace(member, !is_new);
    }
    if (ways > 0) {
        ++place->second;
    } else if (--place->second == 0) {
        members.erase(place);
    }
}

void SetNode::count_ports(const PodState& pod, const IpAddress& address, int ways) {
    for (const auto& port : pod.ports) {
        if (port.name != plan.name || port.protocol != plan.protocol) {
            continue;
        }
        if (plan.kind == SetKind::Named) {
            count({address, port.number}, ways);
        } else if (port.number == plan.number) {
            count({address, 0}, ways);
        }
    }
}

void SetNode::count_group(const PodState& pod, int ways) {
    for (const auto& address : pod.addresses) {
        if (plan.name.empty()) {
            count({address, 0}, ways);
        } else {
            count_ports(pod, address, ways);
        }
    }
}

void SetNode::count_ranges(const PodState& pod, int ways) {
    for (const auto& address : pod.addresses) {
        if (contains(plan.ranges, address)) {
            count_ports(pod, address, ways);
        }
    }
}

SetNode& SetTable::ensure(SetPlan plan, const ForPods& all_pods) {
    const auto id = id_of<SetId>(plan.key());
    auto& place = sets_[id];
    if (place) {
        return *place;
    }
    place = std::make_unique<SetNode>();
    auto& set = *place;
    set.id = id;
    set.plan = std::move(plan);
    changed_.insert(id);
    for (auto* const group : set.plan.groups) {
        group->users.push_back(&set);
        for (const auto* const pod : group->members) {
            set.count_group(*pod, 1);
        }
    }
    if (set.plan.kind == SetKind::Named && !set.plan.ranges.empty()) {
        with_ranges_.push_back(&set);
        all_pods([&](const PodState& pod) { set.count_ranges(pod, 1); });
    }
    return set;
}

void SetTable::forget(SetNode& set) {
    for (auto* const group : set.plan.groups) {
        std::erase(group->users, &set);
    }
    std::erase(with_ranges_, &set);
    changed_.erase(set.id);
}

void SetTable::count(const PodState& pod, const std::vector<PeerGroup*>& groups, int ways) {
    for (const auto* const group : groups) {
        for (auto* const set : group->users) {
            set->count_group(pod, ways);
            changed_.insert(set->id);
        }
    }
}

void SetTable::count_all(const PodState& pod, int ways) {
    count(pod, pod.groups, ways);
    for (auto* const set : with_ranges_) {
        set->count_ranges(pod, ways);
        if (!set->touched.empty()) {
            changed_.insert(set->id);
        }
    }
}

std::vector<SetChange> SetTable::take_changes() {
    std::vector<SetChange> out;
    for (const auto& id : changed_) {
        auto& set = *sets_.at(id);
        auto change = set.is_told ? difference(set) : whole(set, false);
        set.touched = {};  // clear() would keep the buckets, and pass over them every time
        set.is_told = true;
        if (change.is_new || !change.added.empty() || !change.removed.empty()) {
            out.push_back(std::move(change));
        }
    }
    changed_.clear();
    return out;
}

std::vector<SetChange> SetTable::everything() const {
    std::vector<SetChange> out;
    for (const auto& [_, set] : sets_) {
        if (set->is_told) {
            out.push_back(whole(*set, true));
        }
    }
    return out;
}

}  // namespace terway::policy
