// The address sets that rules in force mean, and what they gained and lost. Private to core/policy.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/cluster.hpp"
#include "policy/groups.hpp"

namespace terway::policy {

// What a set is made of.
struct SetPlan {
    SetKind kind = SetKind::Pods;
    std::vector<PeerGroup*> groups;     // of Pods and Named, by key
    std::vector<AddressRange> ranges;   // Blocks: all it has. Named: pods here count as well
    Protocol protocol = Protocol::Tcp;  // of the port that follows
    kube::Word name;                    // of Named; Pods: only those that call a port so
    std::uint16_t number = 0;           // Pods: this one

    [[nodiscard]] std::string key() const;
};

struct MemberHash {
    std::size_t operator()(const AddressPort& member) const noexcept;
};

struct SetNode {
    SetId id;
    SetPlan plan;
    // By how many ways each is a member; the port is 0 unless it is a Named set.
    std::unordered_map<AddressPort, std::uint32_t, MemberHash> members;
    // What was touched since the set was told, and whether it was a member then.
    std::unordered_map<AddressPort, bool, MemberHash> touched;
    bool is_told = false;

    // `ways` is 1 or -1.
    void count(const AddressPort& member, int ways);
    // Everything by which `pod` is a member because of one of the groups, or of the ranges.
    void count_group(const PodState& pod, int ways);
    void count_ranges(const PodState& pod, int ways);

private:
    void count_ports(const PodState& pod, const IpAddress& address, int ways);
};

class SetTable {
public:
    // Borrows the groups.
    explicit SetTable(GroupTable& groups) : groups_(groups) {}

    // The one with that plan, filled. `all_pods` is asked for if a Named set has ranges.
    using ForPods = std::function<void(const std::function<void(const PodState&)>&)>;
    [[nodiscard]] SetNode& ensure(SetPlan plan, const ForPods& all_pods);
    // Those that are not `kept` go; the ids of those that were told of. The groups are swept after.
    template <class Kept>
    [[nodiscard]] std::vector<SetId> sweep(const Kept& kept);

    // For a pod that is to change or go, and for one that has changed or come.
    void withdraw(const PodState& pod) { count_all(pod, -1); }
    void contribute(const PodState& pod) { count_all(pod, 1); }
    // For one that moved between groups and is otherwise as it was.
    void move(const PodState& pod, const GroupTable::Moves& moves) {
        count(pod, moves.left, -1);
        count(pod, moves.entered, 1);
    }

    // By id.
    [[nodiscard]] std::vector<SetChange> take_changes();
    // What was told, as it was then.
    [[nodiscard]] std::vector<SetChange> everything() const;
    [[nodiscard]] std::size_t size() const noexcept { return sets_.size(); }
    [[nodiscard]] bool is_told() const noexcept { return changed_.empty(); }

private:
    void count(const PodState& pod, const std::vector<PeerGroup*>& groups, int ways);
    void count_all(const PodState& pod, int ways);
    void forget(SetNode& set);

    GroupTable& groups_;
    std::map<SetId, std::unique_ptr<SetNode>> sets_;
    std::vector<SetNode*> with_ranges_;
    std::set<SetId> changed_;
};

template <class Kept>
std::vector<SetId> SetTable::sweep(const Kept& kept) {
    std::vector<SetId> gone;
    for (auto each = sets_.begin(); each != sets_.end();) {
        auto& set = *each->second;
        if (kept.contains(set.id)) {
            ++each;
            continue;
        }
        if (set.is_told) {
            gone.push_back(set.id);
        }
        forget(set);
        each = sets_.erase(each);
    }
    groups_.sweep();
    return gone;
}

}  // namespace terway::policy
