// What Services mean, worked out anew each time and without an index.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kube/endpoint_slice.hpp"
#include "kube/service.hpp"
#include "service/frontend.hpp"

namespace terway::service_test {

struct Cluster {
    std::map<std::string, kube::Service> services;      // by "namespace/name"
    std::map<std::string, kube::EndpointSlice> slices;  // the same
    service::NodeFacts node;
};

// By frontend, "service: backends" as text.
using Picture = std::map<std::string, std::string>;

[[nodiscard]] Picture naive_picture(const Cluster& cluster);

}  // namespace terway::service_test
