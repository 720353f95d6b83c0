// Refuses policies as the API server does. Pure.
#pragma once

#include "kube/cluster_network_policy.hpp"
#include "kube/network_policy.hpp"
#include "policy/cases/document.hpp"

namespace terway::policy {

// The object, read as the watch reads it. Throws Error(Invalid) with the place of what the API
// server would not take.
[[nodiscard]] kube::NetworkPolicy read_policy(const Part& object, kube::Words& words);

// The same for a ClusterNetworkPolicy; experimental members are taken.
[[nodiscard]] kube::ClusterNetworkPolicy read_cluster_policy(const Part& object,
                                                             kube::Words& words);

// Labels as they stand in metadata.
[[nodiscard]] kube::Pairs read_labels(const Part& object, kube::Words& words);

}  // namespace terway::policy
