// How many pods a node can hold by its profile: what the kubelet's --max-pods is at most, less the
// pods in the host's network.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cloud/eni.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

struct MaxPods {
    std::size_t count = 0;
    std::vector<std::string> reasons;  // a line for each source of addresses
};

// Pure. Without limits of the instance type no source may be the cloud's. Throws Error(Invalid) if
// a pod CIDR is wanted and none is given.
[[nodiscard]] MaxPods max_pods(const profile::Profile& profile,
                               const cloud::InstanceLimits& limits);

// Asks the metadata service and the cloud where ENIs are wanted; half a minute at most. The daemon
// need not run. Throws Error.
[[nodiscard]] MaxPods max_pods_here(const profile::Profile& profile);

}  // namespace terway::daemon
