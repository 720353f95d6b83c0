#include "daemon/policy_watch.hpp"

namespace terway::daemon {
namespace {

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

PolicyWatch::PolicyWatch(kube::Session& session, kube::Words& words, Metrics& metrics,
                         PolicyInbox& inbox)
    : spaces_(session, words, metrics, kube::all_of<kube::Namespace>(),
              trimmed(into_inbox<kube::Namespace>(inbox, PolicyInbox::Kind::Namespaces)), none),
      policies_(session, words, metrics, kube::all_of<kube::NetworkPolicy>(),
                trimmed(into_inbox<kube::NetworkPolicy>(inbox, PolicyInbox::Kind::Policies)),
                none) {}

void PolicyWatch::start() {
    spaces_.start();
    policies_.start();
}

}  // namespace terway::daemon
