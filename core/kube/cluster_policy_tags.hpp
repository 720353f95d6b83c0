// The parts of a ClusterNetworkPolicy. Private to core/kube.
#pragma once

#include "kube/cluster_network_policy.hpp"

namespace terway::kube {

enum ClusterPolicyTag : Tag {
    kTier = kTagAfterSelector,
    kPriority,
    kSubject,
    kIngress,
    kIngressRule,
    kEgress,
    kEgressRule,
    kAction,
    kPeer,
    kNamespaces,
    kPods,
    kPodsSpaces,
    kPodsPods,
    kNetworks,
    kNetwork,
    kNotUnderstood,
    kProtocols,
    kProtocol,
    kTcp,
    kUdp,
    kSctp,
    kPort,
    kNumber,
    kRange,
    kFirst,
    kLast,
    kPortName,
};

}  // namespace terway::kube
