// Answers terwayctl's questions about NetworkPolicies, from what is in force now.
#pragma once

#include <string>
#include <string_view>

#include "daemon/policy_service.hpp"
#include "endpoint/manager.hpp"

namespace terway::daemon {

// Borrows both. Any thread, in the host's network namespace. Each verb answers JSON text; they
// throw Error(Unsupported) where no chain has a policy module.
class PolicyInspector {
public:
    // `service` may be null.
    PolicyInspector(endpoint::Manager& manager, const PolicyService* service)
        : manager_(manager), service_(service) {}

    // {"synced", "trouble", "policies": [{"policy", "tier", "priority", "ingress", "egress",
    // "pods_here": [...]}], in the order in which they are asked,
    // "closed": [{"pod", "reason"}], those that are denied everything until rules come}
    [[nodiscard]] std::string list() const;
    // `words`: "SRC DST PORT/PROTO". Throws Error(Invalid) for what it cannot make out.
    [[nodiscard]] std::string explain(std::string_view words) const;
    // {"endpoints": [{"container_id", "ifname", "pod_namespace", "pod_name", "policies": [...],
    // "ingress": {"allowed", "denied"}, "egress": ..., "trouble"}],
    // "policies": [{"policy", "ingress": ..., "egress": ...}]}; a policy's are those of all
    // endpoints that it selects.
    [[nodiscard]] std::string counters(const endpoint::Operation& operation) const;

private:
    [[nodiscard]] const PolicyService& service() const;

    endpoint::Manager& manager_;
    const PolicyService* const service_;
};

}  // namespace terway::daemon
