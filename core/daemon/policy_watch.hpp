// What of the cluster is watched for the sake of policies.
#pragma once

#include <optional>
#include <string>

#include "base/metrics.hpp"
#include "daemon/policy_inbox.hpp"
#include "kube/cache.hpp"
#include "kube/mirror.hpp"
#include "kube/session.hpp"

namespace terway::daemon {

// All that is told of objects of a kind goes into the inbox, which they borrow.
template <class Object>
[[nodiscard]] kube::Handlers<Object> into_inbox(PolicyInbox& inbox, PolicyInbox::Kind kind) {
    using Ptr = typename kube::Handlers<Object>::Ptr;
    kube::Handlers<Object> handlers;
    handlers.added = [&inbox](const Ptr& object) { inbox.put(object); };
    handlers.changed = [&inbox](const Ptr& /*before*/, const Ptr& now) { inbox.put(now); };
    handlers.deleted = [&inbox](const Ptr& object) { inbox.drop(*object); };
    handlers.synced = [&inbox, kind] { inbox.synced(kind); };
    return handlers;
}

// Of pods of other nodes policies need labels, addresses and ports, and nobody anything else.
void trim_pod(kube::Pod& pod, const std::string& own_node);

// The server said no to a list that the inbox waits for, which knows it then: for good, as far as
// one can see.
[[nodiscard]] kube::ReflectorEffects tell_refusals(PolicyInbox& inbox, PolicyInbox::Kind kind);

// Namespaces, NetworkPolicies and, if it is said, ClusterNetworkPolicies; pods are watched in any
// case. Borrows all.
class PolicyWatch {
public:
    PolicyWatch(kube::Session& session, kube::Words& words, Metrics& metrics, PolicyInbox& inbox,
                bool with_cluster_policies);
    void start();

private:
    kube::Mirror<kube::Namespace> spaces_;
    kube::Mirror<kube::NetworkPolicy> policies_;
    std::optional<kube::Mirror<kube::ClusterNetworkPolicy>> cluster_policies_;
};

}  // namespace terway::daemon
