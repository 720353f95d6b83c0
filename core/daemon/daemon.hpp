// The daemon once everything it needs is found: what there is, in which order it starts and stops.
#pragma once

#include <vector>

#include "base/metrics.hpp"
#include "daemon/fallback.hpp"
#include "daemon/kube_service.hpp"
#include "daemon/policy_inbox.hpp"
#include "daemon/service_inbox.hpp"
#include "endpoint/chain.hpp"
#include "profile/profile.hpp"
#include "store/store.hpp"

namespace terway::daemon {

// All borrowed.
struct Surroundings {
    const profile::Profile& profile;
    const std::vector<Fallback>& fallbacks;
    endpoint::Modules& modules;
    store::Store& store;
    Metrics& metrics;
    KubeService* kube;      // null outside Kubernetes
    PolicyInbox* policies;  // null where no policies are to be had
    ServiceInbox& services;
};

// Serves until SIGTERM or SIGINT; the exit code. Throws Error for what keeps it from starting.
[[nodiscard]] int serve(const Surroundings& surroundings);

}  // namespace terway::daemon
