#include "daemon/service_watch.hpp"

namespace terway::daemon {
namespace {

using Kind = ServiceInbox::Kind;

constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr std::string_view kZone = "topology.kubernetes.io/zone";

bool none(std::string_view /*key*/) {
    return false;
}

template <class Object>
kube::Resource served() {
    return {kube::path_of<Object>(), "", std::string(kube::kServiceSelector)};
}

template <class Object>
kube::Handlers<Object> into_inbox(ServiceInbox& inbox, Kind kind) {
    using Ptr = typename kube::Handlers<Object>::Ptr;
    kube::Handlers<Object> handlers;
    handlers.added = [&inbox](const Ptr& object) { inbox.put(object); };
    handlers.changed = [&inbox](const Ptr& /*before*/, const Ptr& now) { inbox.put(now); };
    handlers.deleted = [&inbox](const Ptr& object) { inbox.drop(*object); };
    handlers.synced = [&inbox, kind] { inbox.synced(kind); };
    handlers.trim = [](Object& object) {
        object.meta.owners = {};
        object.meta.labels = {};
    };
    return handlers;
}

kube::ReflectorEffects tell_refusals(ServiceInbox& inbox, Kind kind) {
    kube::ReflectorEffects effects;
    effects.refused = [&inbox, kind](int code, const std::string& text) {
        if (code == kForbidden || code == kNotFound) {
            inbox.refused(kind, text);
        }
    };
    return effects;
}

}  // namespace

service::NodeFacts facts_of(const kube::Node& node) {
    service::NodeFacts facts;
    facts.name = node.meta.name.text();
    facts.zone = kube::value_of(node.meta.labels, kZone);
    for (const auto& each : node.addresses) {
        const auto address = IpAddress::parse(each.address.view());
        if (each.type == "InternalIP" && address) {
            facts.addresses.push_back(*address);
        }
    }
    return facts;
}

kube::Handlers<kube::Node> node_handlers(ServiceInbox& inbox) {
    using Ptr = kube::Handlers<kube::Node>::Ptr;
    kube::Handlers<kube::Node> handlers;
    handlers.added = [&inbox](const Ptr& node) { inbox.tell(facts_of(*node)); };
    handlers.changed = [&inbox](const Ptr& before, const Ptr& now) {
        if (auto facts = facts_of(*now); facts != facts_of(*before)) {
            inbox.tell(std::move(facts));
        }
    };
    handlers.synced = [&inbox] { inbox.synced(Kind::Node); };
    return handlers;
}

ServiceWatch::ServiceWatch(kube::Session& session, kube::Words& words, Metrics& metrics,
                           ServiceInbox& inbox)
    : services_(session, words, metrics, served<kube::Service>(),
                into_inbox<kube::Service>(inbox, Kind::Services), none, {},
                tell_refusals(inbox, Kind::Services)),
      slices_(session, words, metrics, served<kube::EndpointSlice>(),
              into_inbox<kube::EndpointSlice>(inbox, Kind::Slices), none, {},
              tell_refusals(inbox, Kind::Slices)) {}

void ServiceWatch::start() {
    services_.start();
    slices_.start();
}

}  // namespace terway::daemon
