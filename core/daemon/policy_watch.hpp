// What of the cluster is watched for the sake of NetworkPolicies.
#pragma once

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

// Namespaces and NetworkPolicies; pods are watched in any case. Borrows all.
class PolicyWatch {
public:
    PolicyWatch(kube::Session& session, kube::Words& words, Metrics& metrics, PolicyInbox& inbox);
    void start();

private:
    kube::Mirror<kube::Namespace> spaces_;
    kube::Mirror<kube::NetworkPolicy> policies_;
};

}  // namespace terway::daemon
