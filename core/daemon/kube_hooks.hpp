// What the daemon's other parts tell Kubernetes, as the functions they call; all of them empty
// where there is none.
#pragma once

#include <functional>
#include <string>

#include "daemon/cni_handler.hpp"
#include "daemon/kube_service.hpp"
#include "endpoint/manager.hpp"
#include "endpoint/record.hpp"

namespace terway::daemon {

// Borrow the service, which may be null.
[[nodiscard]] AddListener add_listener(KubeService* kube);
[[nodiscard]] std::function<void(const endpoint::EndpointRecord&, const std::string&)>
repair_listener(KubeService* kube);
[[nodiscard]] std::function<void(const endpoint::EndpointSpec&)> limit_listener(KubeService* kube);
// Borrows the manager.
[[nodiscard]] ApplyLimits limiter(endpoint::Manager& manager);

}  // namespace terway::daemon
