// What the index knows of the cluster. Private to core/policy.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "kube/cluster_network_policy.hpp"
#include "kube/network_policy.hpp"
#include "policy/update.hpp"

namespace terway::policy {

struct Space;
struct PeerGroup;
struct SetNode;

struct PodState {
    Space* space = nullptr;
    kube::Word name;
    kube::Word uid;
    kube::Pairs labels;
    std::vector<kube::NamedPort> ports;
    std::vector<IpAddress> said;       // by its object
    std::vector<IpAddress> claims;     // that it says are its own
    std::vector<IpAddress> addresses;  // those of them that no other pod has a better claim to
    std::vector<PeerGroup*> groups;    // it belongs to
    bool counts = false;               // if not, it is neither subject nor peer
    bool is_deleting = false;
};

struct Space {
    std::string name;
    kube::Pairs labels;
    bool is_known = false;  // before that no selector of namespaces matches it
    std::map<std::string, PodState, std::less<>> pods;
    std::map<std::string, kube::NetworkPolicy, std::less<>> policies;
    std::set<ObjectName> endpoints;
};

using Spaces = std::map<std::string, Space, std::less<>>;

// The pods that one peer of a rule means.
struct PeerGroup {
    std::string key;  // says what follows, in one text
    bool is_cross = false;
    std::string space;           // of all its pods, unless it is a cross group:
    kube::LabelSelector spaces;  // then of any namespace that matches
    kube::LabelSelector pods;
    std::unordered_set<PodState*> members;
    std::vector<SetNode*> users;

    [[nodiscard]] bool has_space(const Space& asked) const;
    [[nodiscard]] bool has(const PodState& pod) const;
};

// Whether it has pods there.
[[nodiscard]] bool selects(const kube::ClusterNetworkPolicy& policy, const Space& space);
[[nodiscard]] bool selects(const kube::ClusterNetworkPolicy& policy, const PodState& pod);

// For a peer without a block.
[[nodiscard]] PeerGroup group_of(const kube::PolicyPeer& peer, std::string_view space);

}  // namespace terway::policy
