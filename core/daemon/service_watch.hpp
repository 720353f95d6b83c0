// What of the cluster is watched for the sake of Services.
#pragma once

#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/metrics.hpp"
#include "daemon/service_inbox.hpp"
#include "kube/cache.hpp"
#include "kube/mirror.hpp"
#include "kube/session.hpp"

namespace terway::daemon {

// What its object says of the node: its zone, and the addresses that are its own. Pure.
[[nodiscard]] service::NodeFacts facts_of(const kube::Node& node);

// The facts of the own node go into the inbox, which they borrow.
[[nodiscard]] kube::Handlers<kube::Node> node_handlers(ServiceInbox& inbox);

// Services and their slices; the own node is watched in any case. Borrows all.
class ServiceWatch {
public:
    ServiceWatch(kube::Session& session, kube::Words& words, Metrics& metrics, ServiceInbox& inbox);
    void start();

private:
    kube::Mirror<kube::Service> services_;
    kube::Mirror<kube::EndpointSlice> slices_;
};

}  // namespace terway::daemon
