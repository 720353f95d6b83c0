// What the daemon writes into objects of Kubernetes. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"

namespace terway::daemon {

// The merge patch that tells a pod's addresses before its status has them; it concerns the pod of
// that UID alone.
[[nodiscard]] std::string pod_ips_patch(const std::string& uid,
                                        const std::vector<IpAddress>& addresses,
                                        bool for_calico = false);
// The strategic merge patch of a node's condition SufficientIP; `trouble` is why there is none.
[[nodiscard]] std::string sufficient_ip_patch(const std::string& trouble, WallTime since,
                                              WallTime now);

}  // namespace terway::daemon
