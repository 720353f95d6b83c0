// What the API server adds to Services and EndpointSlices and refuses of them. Pure.
#pragma once

#include "base/address.hpp"
#include "sim/kube/problem.hpp"
#include "sim/kube/store.hpp"

namespace terway::sim::kube {

// `range` is where ClusterIPs come from.
void default_service(json::object& service, const Prefix& range, const Store& store);
void default_slice(json::object& slice, const Kind& kind);

}  // namespace terway::sim::kube
