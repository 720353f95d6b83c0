// A whole simulation in one process: the VPC in namespaces and the cloud that governs it.
#pragma once

#include <memory>
#include <string>

#include "sim/cloud_server.hpp"
#include "sim/fabric.hpp"
#include "sim/kube/server.hpp"
#include "sim/topology.hpp"

namespace terway::sim {

// From every node the OpenAPI is at http://100.100.0.1 and the metadata at http://100.100.100.200;
// what calls change appears in the namespaces before their answer. Needs root. Threads: `cloud`
// from any.
class Simulation {
public:
    // Throws Error.
    Simulation(const std::string& name, const Topology& topology);

    // The OpenAPI at https://100.100.0.1 as well; clients trust cloud().authority().
    void serve_tls();

    [[nodiscard]] CloudServer& cloud() noexcept { return cloud_; }
    // At https://100.100.0.6:6443 from every node; nullptr without [kube] in the topology.
    [[nodiscard]] kube::KubeServer* kube() noexcept { return kube_.get(); }
    [[nodiscard]] const Fabric& fabric() const noexcept { return fabric_; }

private:
    Fabric fabric_;
    CloudServer cloud_;
    std::unique_ptr<kube::KubeServer> kube_;
};

// Keys and roles of a topology; without keys in it the default one stays.
void admit(CloudServer& server, const Topology& topology);

}  // namespace terway::sim
