#include <algorithm>
#include <set>
#include <tuple>

#include "policy/index.hpp"
#include "policy/selector.hpp"

namespace terway::policy {
namespace {

bool says_the_same(const kube::ClusterNetworkPolicy& a, const kube::ClusterNetworkPolicy& b) {
    return a.meta.name == b.meta.name && a.tier == b.tier && a.priority == b.priority &&
           a.subject == b.subject && a.ingress == b.ingress && a.egress == b.egress;
}

// The API leaves open which of equal priority is first.
bool is_asked_before(const kube::ClusterNetworkPolicy* a, const kube::ClusterNetworkPolicy* b) {
    return std::tie(a->priority, a->meta.name) < std::tie(b->priority, b->meta.name);
}

}  // namespace

void Index::set_cluster_policy(const kube::ClusterNetworkPolicy& policy) {
    auto& place = cluster_policies_[policy.meta.name.text()];
    if (says_the_same(place, policy)) {
        return;
    }
    if (!place.meta.name.empty()) {
        mark_selected(place);
    }
    place = policy;
    mark_selected(place);
    watch_port_names();
}

void Index::remove_cluster_policy(std::string_view name) {
    const auto found = cluster_policies_.find(name);
    if (found == cluster_policies_.end()) {
        return;
    }
    mark_selected(found->second);
    cluster_policies_.erase(found);
    watch_port_names();
    if (cluster_policies_.empty()) {
        for (const auto& [_, space] : spaces_) {
            if (!space.is_known) {
                mark_all(space);
            }
        }
    }
}

void Index::mark_selected(const kube::ClusterNetworkPolicy& policy) {
    for (const auto& [name, _] : endpoints_) {
        const auto* const known = pod(name);
        if (known != nullptr && selects(policy, *known)) {
            dirty_.insert(name);
        }
    }
}

void Index::mark_all(const Space& space) {
    dirty_.insert(space.endpoints.begin(), space.endpoints.end());
}

void Index::watch_port_names() {
    std::set<kube::Word> names;
    for (const auto& [_, policy] : cluster_policies_) {
        for (const auto& rule : policy.egress) {
            for (const auto& port : rule.what.ports) {
                if (!port.name.empty()) {
                    names.insert(port.name);
                }
            }
        }
    }
    port_names_.watch(std::move(names), [this](const auto& visit) { visit_pods(visit); });
}

bool Index::is_ready(const PodState& pod) const {
    return cluster_policies_.empty() || pod.space->is_known;
}

Selecting Index::policies_of(const PodState& pod) const {
    Selecting selecting;
    if (!pod.counts) {
        return selecting;
    }
    for (const auto& [_, policy] : pod.space->policies) {
        if (matches(policy.pods, pod.labels)) {
            selecting.policies.push_back(&policy);
        }
    }
    for (const auto& [_, policy] : cluster_policies_) {
        if (selects(policy, pod)) {
            auto& tier =
                policy.tier == kube::ClusterTier::Admin ? selecting.admin : selecting.baseline;
            tier.push_back(&policy);
        }
    }
    std::sort(selecting.admin.begin(), selecting.admin.end(), is_asked_before);
    std::sort(selecting.baseline.begin(), selecting.baseline.end(), is_asked_before);
    return selecting;
}

Selecting Index::policies_of(const ObjectName& name) const {
    const auto* const known = pod(name);
    return known == nullptr ? Selecting{} : policies_of(*known);
}

}  // namespace terway::policy
