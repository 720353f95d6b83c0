// Answers terwayctl: JSON in, JSON out.
#pragma once

#include <string>
#include <vector>

#include "daemon/fallback.hpp"
#include "daemon/inspect_cloud.hpp"
#include "daemon/inspect_policy.hpp"
#include "daemon/inspect_service.hpp"
#include "daemon/limit_view.hpp"
#include "endpoint/manager.hpp"
#include "host/gate.hpp"
#include "pool/address_pool.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

// Borrows everything. Any thread, in the host's network namespace.
class Inspector {
public:
    struct Parts {
        const profile::Profile& profile;
        const endpoint::Modules& modules;
        const std::vector<Fallback>& fallbacks;
        endpoint::Manager& manager;
        const pool::AddressPool& pool;
        host::Gate& gate;
        LimitView& limits;
        const PolicyService* policies;  // may be null
        const ServiceProxy& services;
    };
    Inspector(const Parts& parts, CloudInspector::Doors doors)
        : parts_(parts),
          cloud_(parts.manager, parts.pool, std::move(doors)),
          policy_(parts.manager, parts.policies),
          service_(parts.services),
          started_(Clock::now()) {}

    // `payload` is {"verb": ...}, the verb one of "status", "endpoints", "modules", "preflight",
    // "check", "pool", "mapping", "metadata", "cloud calls", "cloud routes", "policy list", "policy
    // counters", "policy explain SRC DST PORT/PROTO", "service list", "service list NAMESPACE" and
    // "service explain WHAT". Throws Error(Invalid) for anything else.
    [[nodiscard]] std::string handle(const std::string& payload,
                                     const endpoint::Operation& operation);

private:
    [[nodiscard]] std::string status();
    [[nodiscard]] std::string endpoints(const endpoint::Operation& operation);
    [[nodiscard]] std::string modules() const;
    [[nodiscard]] std::string preflight();
    [[nodiscard]] std::string check(const endpoint::Operation& operation);

    const Parts parts_;
    const CloudInspector cloud_;
    const PolicyInspector policy_;
    const ServiceInspector service_;
    const Deadline started_;
    Mutex preflight_mutex_;  // a module's [serial] verbs run one at a time
};

}  // namespace terway::daemon
