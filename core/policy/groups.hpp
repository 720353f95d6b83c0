// The groups that rules in force mean, and which pods are in them. Private to core/policy.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policy/cluster.hpp"

namespace terway::policy {

// Finds the groups that a pod may be in without asking all of them.
class GroupFinder {
public:
    void add(PeerGroup& group);
    void remove(PeerGroup& group);
    // Of its groups, and maybe others; each once.
    [[nodiscard]] std::vector<PeerGroup*> near(const PodState& pod) const;
    [[nodiscard]] const std::vector<PeerGroup*>& cross_groups() const noexcept { return cross_; }

private:
    using Label = std::pair<kube::Word, kube::Word>;
    using Groups = std::vector<PeerGroup*>;

    // Where a group is kept: below one label that all its pods or all its namespaces must have.
    [[nodiscard]] Groups& place_of(const PeerGroup& group);

    std::unordered_map<std::string, Groups> by_space_;
    std::map<Label, Groups> by_space_label_;
    std::map<Label, Groups> by_pod_label_;
    Groups anywhere_;
    Groups cross_;
};

class GroupTable {
public:
    // Borrows the cluster.
    explicit GroupTable(Spaces& spaces) : spaces_(spaces) {}

    // The one that means the same, with its pods in it.
    [[nodiscard]] PeerGroup& ensure(PeerGroup group);
    // Those without users go.
    void sweep();

    // The pod is in no group before, and in all that it matches afterwards.
    void enter(PodState& pod);
    void leave(PodState& pod);
    // Both at once, for new labels.
    struct Moves {
        std::vector<PeerGroup*> left;
        std::vector<PeerGroup*> entered;
    };
    [[nodiscard]] Moves regroup(PodState& pod);

    [[nodiscard]] const GroupFinder& finder() const noexcept { return finder_; }
    [[nodiscard]] std::size_t size() const noexcept { return groups_.size(); }

private:
    static void join(PeerGroup& group, PodState& pod);
    void fill(PeerGroup& group);

    Spaces& spaces_;
    std::map<std::string, std::unique_ptr<PeerGroup>> groups_;
    GroupFinder finder_;
};

}  // namespace terway::policy
