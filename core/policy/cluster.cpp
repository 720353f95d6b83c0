#include "policy/cluster.hpp"

#include "policy/selector.hpp"

namespace terway::policy {

bool PeerGroup::has_space(const Space& asked) const {
    return is_cross ? asked.is_known && matches(spaces, asked.labels) : asked.name == space;
}

bool PeerGroup::has(const PodState& pod) const {
    return pod.counts && has_space(*pod.space) && matches(pods, pod.labels);
}

bool selects(const kube::ClusterNetworkPolicy& policy, const Space& space) {
    return policy.subject && space.is_known && matches(policy.subject->spaces, space.labels);
}

bool selects(const kube::ClusterNetworkPolicy& policy, const PodState& pod) {
    return pod.counts && selects(policy, *pod.space) && matches(policy.subject->pods, pod.labels);
}

PeerGroup group_of(const kube::PolicyPeer& peer, std::string_view space) {
    PeerGroup group;
    group.is_cross = peer.spaces.has_value();
    if (peer.spaces) {
        group.spaces = *peer.spaces;
        group.key = "spaces " + canonical(group.spaces);
    } else {
        group.space = space;
        group.key = "space " + group.space;
    }
    group.pods = peer.pods.value_or(kube::LabelSelector{});
    group.key += " pods " + canonical(group.pods);
    return group;
}

}  // namespace terway::policy
