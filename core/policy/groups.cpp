#include "policy/groups.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace terway::policy {
namespace {

// One that everything it matches has.
std::optional<std::pair<kube::Word, kube::Word>> certain_label(
    const kube::LabelSelector& selector) {
    if (!selector.labels.empty()) {
        return selector.labels.front();
    }
    for (const auto& requirement : selector.expressions) {
        if (requirement.op == kube::Operator::In && requirement.values.size() == 1) {
            return std::pair(requirement.key, requirement.values.front());
        }
    }
    return std::nullopt;
}

template <class T>
void erase_one(std::vector<T*>& from, T* what) {
    const auto found = std::find(from.begin(), from.end(), what);
    if (found != from.end()) {
        *found = from.back();
        from.pop_back();
    }
}

}  // namespace

GroupFinder::Groups& GroupFinder::place_of(const PeerGroup& group) {
    if (!group.is_cross) {
        return by_space_[group.space];
    }
    if (const auto label = certain_label(group.pods)) {
        return by_pod_label_[*label];
    }
    if (const auto label = certain_label(group.spaces)) {
        return by_space_label_[*label];
    }
    return anywhere_;
}

void GroupFinder::add(PeerGroup& group) {
    place_of(group).push_back(&group);
    if (group.is_cross) {
        cross_.push_back(&group);
    }
}

void GroupFinder::remove(PeerGroup& group) {
    erase_one(place_of(group), &group);
    if (group.is_cross) {
        erase_one(cross_, &group);
    }
}

std::vector<PeerGroup*> GroupFinder::near(const PodState& pod) const {
    Groups out;
    const auto add = [&](const auto& places, const auto& key) {
        if (const auto found = places.find(key); found != places.end()) {
            out.insert(out.end(), found->second.begin(), found->second.end());
        }
    };
    add(by_space_, pod.space->name);
    for (const auto& label : pod.labels) {
        add(by_pod_label_, label);
    }
    for (const auto& label : pod.space->labels) {
        add(by_space_label_, label);
    }
    out.insert(out.end(), anywhere_.begin(), anywhere_.end());
    return out;
}

void GroupTable::join(PeerGroup& group, PodState& pod) {
    group.members.insert(&pod);
    pod.groups.push_back(&group);
}

void GroupTable::fill(PeerGroup& group) {
    const auto take = [&](Space& space) {
        if (!group.has_space(space)) {
            return;
        }
        for (auto& [_, pod] : space.pods) {
            if (group.has(pod)) {
                join(group, pod);
            }
        }
    };
    if (!group.is_cross) {
        if (const auto found = spaces_.find(group.space); found != spaces_.end()) {
            take(found->second);
        }
        return;
    }
    for (auto& [_, space] : spaces_) {
        take(space);
    }
}

PeerGroup& GroupTable::ensure(PeerGroup group) {
    auto& place = groups_[group.key];
    if (!place) {
        place = std::make_unique<PeerGroup>(std::move(group));
        finder_.add(*place);
        fill(*place);
    }
    return *place;
}

void GroupTable::sweep() {
    for (auto each = groups_.begin(); each != groups_.end();) {
        auto& group = *each->second;
        if (!group.users.empty()) {
            ++each;
            continue;
        }
        for (auto* const pod : group.members) {
            erase_one(pod->groups, &group);
        }
        finder_.remove(group);
        each = groups_.erase(each);
    }
}

void GroupTable::enter(PodState& pod) {
    if (!pod.counts) {
        return;
    }
    for (auto* const group : finder_.near(pod)) {
        if (group->has(pod)) {
            join(*group, pod);
        }
    }
}

void GroupTable::leave(PodState& pod) {
    for (auto* const group : pod.groups) {
        group->members.erase(&pod);
    }
    pod.groups.clear();
}

GroupTable::Moves GroupTable::regroup(PodState& pod) {
    auto before = pod.groups;
    leave(pod);
    enter(pod);
    auto now = pod.groups;
    std::sort(before.begin(), before.end());
    std::sort(now.begin(), now.end());
    Moves moves;
    std::set_difference(before.begin(), before.end(), now.begin(), now.end(),
                        std::back_inserter(moves.left));
    std::set_difference(now.begin(), now.end(), before.begin(), before.end(),
                        std::back_inserter(moves.entered));
    return moves;
}

}  // namespace terway::policy
