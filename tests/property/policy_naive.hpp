// NetworkPolicy and ClusterNetworkPolicy as the API's documentation tells them, word by word and
// without any thought for cost. Shares nothing with core/policy but the objects.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kube/cluster_network_policy.hpp"
#include "kube/network_policy.hpp"

namespace terway::policy_test {

struct Cluster {
    std::vector<kube::Namespace> namespaces;
    std::vector<kube::Pod> pods;
    std::vector<kube::NetworkPolicy> policies;
    std::vector<kube::ClusterNetworkPolicy> cluster_policies;
};

struct Question {
    bool ingress = true;
    const kube::Pod* subject = nullptr;  // whose policies are asked
    IpAddress peer;                      // the other end
    std::optional<kube::Protocol> protocol;
    std::uint16_t port = 0;  // of the destination
};

[[nodiscard]] bool is_allowed(const Cluster& cluster, const Question& question);

}  // namespace terway::policy_test
