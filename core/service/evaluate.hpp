// The frontends of one Service. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kube/service.hpp"
#include "service/endpoints.hpp"
#include "service/frontend.hpp"

namespace terway::service {

// Empty if a node's service proxy has to do with it; else why it has not: "is headless".
[[nodiscard]] std::string_view why_not_served(const kube::Service& service) noexcept;

// "namespace/name:port-name".
[[nodiscard]] std::string port_text(const kube::Service& service, const kube::ServicePort& port);

// An address by which a port of a Service is to be reached.
struct Door {
    FrontendKey key;
    Origin origin = Origin::ClusterIp;
    Scope scope = Scope::Cluster;
};
// Of one port, of families in which the Service has an address; cluster IPs first. What comes to a
// Service from outside may go to any node: from a pod it does in any case.
[[nodiscard]] std::vector<Door> doors_of(const kube::Service& service,
                                         const kube::ServicePort& port, const NodeFacts& facts);

// All of them; a key may be there twice, the first one counts.
[[nodiscard]] std::vector<FrontendPtr> evaluate(const kube::Service& service, const Slices& slices,
                                                const NodeFacts& facts);

}  // namespace terway::service
