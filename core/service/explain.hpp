// Why a Service's frontends are as they are, for people. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/index.hpp"

namespace terway::service {

struct ExplainedEndpoint {
    IpAddress address;
    std::uint16_t port = 0;
    std::string node;
    std::optional<BackendState> state;  // nullopt: no backend
    std::string reason;                 // "is ready"
};

struct ExplainedFrontend {
    FrontendKey key;
    Origin origin = Origin::ClusterIp;
    WithoutBackends without_backends = WithoutBackends::Refuse;
    std::string lost_to;  // the Service that has the key in its place; empty: nobody
    std::vector<ExplainedEndpoint> endpoints;
};

struct ExplainedPort {
    std::string text;  // "namespace/name:port-name"
    std::vector<ExplainedFrontend> frontends;
};

struct Explanation {
    ObjectName name;
    std::string ignored;  // why nothing is done for it; empty if something is
    std::uint32_t affinity_seconds = 0;
    bool is_local = false;
    bool publishes_not_ready = false;
    std::vector<ExplainedPort> ports;
    std::vector<std::string> remarks;  // what is odd about its slices
};

// Nothing if there is no Service of the name.
[[nodiscard]] std::optional<Explanation> explain(const Index& index, const ObjectName& name);

}  // namespace terway::service
