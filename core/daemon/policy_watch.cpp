#include "daemon/policy_watch.hpp"

namespace terway::daemon {
namespace {

using Kind = PolicyInbox::Kind;

constexpr int kForbidden = 403;
constexpr int kNotFound = 404;

// Policies have no business with annotations.
bool none(std::string_view /*key*/) {
    return false;
}

template <class Object>
kube::Handlers<Object> trimmed(kube::Handlers<Object> handlers) {
    handlers.trim = [](Object& object) { object.meta.owners = {}; };
    return handlers;
}

}  // namespace

void trim_pod(kube::Pod& pod, const std::string& own_node) {
    if (pod.node != own_node) {
        pod.meta.annotations = {};
        pod.meta.owners = {};
        pod.requests = {};
    }
}

kube::ReflectorEffects tell_refusals(PolicyInbox& inbox, PolicyInbox::Kind kind) {
    kube::ReflectorEffects effects;
    effects.refused = [&inbox, kind](int code, const std::string& text) {
        if (code == kForbidden || code == kNotFound) {
            inbox.refused(kind, text);
        }
    };
    return effects;
}

PolicyWatch::PolicyWatch(kube::Session& session, kube::Words& words, Metrics& metrics,
                         PolicyInbox& inbox, bool with_cluster_policies)
    : spaces_(session, words, metrics, kube::all_of<kube::Namespace>(),
              trimmed(into_inbox<kube::Namespace>(inbox, Kind::Namespaces)), none, {},
              tell_refusals(inbox, Kind::Namespaces)),
      policies_(session, words, metrics, kube::all_of<kube::NetworkPolicy>(),
                trimmed(into_inbox<kube::NetworkPolicy>(inbox, Kind::Policies)), none, {},
                tell_refusals(inbox, Kind::Policies)) {
    if (with_cluster_policies) {
        using Policy = kube::ClusterNetworkPolicy;
        cluster_policies_.emplace(session, words, metrics, kube::all_of<Policy>(),
                                  trimmed(into_inbox<Policy>(inbox, Kind::ClusterPolicies)), none,
                                  kube::Pace{}, tell_refusals(inbox, Kind::ClusterPolicies));
    }
}

void PolicyWatch::start() {
    spaces_.start();
    policies_.start();
    if (cluster_policies_) {
        cluster_policies_->start();
    }
}

}  // namespace terway::daemon
