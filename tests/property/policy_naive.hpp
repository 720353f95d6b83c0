// NetworkPolicy as the API's documentation tells it, word by word and without any thought for cost.
// Shares nothing with core/policy but the objects.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kube/network_policy.hpp"

namespace terway::policy_test {

struct Cluster {
    std::vector<kube::Namespace> namespaces;
    std::vector<kube::Pod> pods;
    std::vector<kube::NetworkPolicy> policies;
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
