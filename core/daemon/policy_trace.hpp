// Answers "terwayctl policy trace": what the rules of the pods here say to packets, as it happens.
#pragma once

#include <atomic>
#include <string>

#include "daemon/policy_service.hpp"
#include "daemon/server.hpp"
#include "endpoint/manager.hpp"
#include "host/gate.hpp"

namespace terway::daemon {

// Borrows everything. Any thread, in the host's network namespace.
class PolicyTracer {
public:
    struct Parts {
        const endpoint::Modules& modules;
        host::Gate& gate;
        host::LinkReaper& reaper;
        endpoint::Manager& manager;
        const PolicyService* policies;  // may be null
    };
    explicit PolicyTracer(const Parts& parts) : parts_(parts) {}

    // `payload` is {"verb": "policy trace", "denied": bool, "pod": "namespace/name" or ""}. Tells
    // {"listening": true}, and then for each verdict {"time", "verdict": "allowed" or "denied",
    // "direction", "from", "from_port", "from_pod", "to", "to_port", "to_pod", "protocol"}, and
    // {"lost": N} for some that nobody knows any more. Ports are 0 and pods null where there are
    // none. Until tell answers false. Throws Error: Unsupported where no module can do it, Retry
    // when there are too many already, Invalid, and what the module says.
    void follow(const std::string& payload, const Tell& tell);

private:
    [[nodiscard]] const host::Module& module() const;

    const Parts parts_;
    std::atomic<int> running_{0};
};

}  // namespace terway::daemon
