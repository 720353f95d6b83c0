// Answers terwayctl: JSON in, JSON out.
#pragma once

#include <string>

#include "endpoint/manager.hpp"
#include "host/gate.hpp"
#include "pool/pool.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

// Borrows everything. Any thread, in the host's network namespace.
class Inspector {
public:
    struct Parts {
        const profile::Profile& profile;
        const endpoint::Modules& modules;
        endpoint::Manager& manager;
        pool::Pool& pool;
        host::Gate& gate;
    };
    explicit Inspector(const Parts& parts) : parts_(parts), started_(Clock::now()) {}

    // `payload` is {"verb": "status" | "endpoints" | "modules" | "preflight" | "check"}. Throws
    // Error(Invalid) for anything else.
    [[nodiscard]] std::string handle(const std::string& payload,
                                     const endpoint::Operation& operation);

private:
    [[nodiscard]] std::string status();
    [[nodiscard]] std::string endpoints() const;
    [[nodiscard]] std::string modules() const;
    [[nodiscard]] std::string preflight();
    [[nodiscard]] std::string check(const endpoint::Operation& operation);

    const Parts parts_;
    const Deadline started_;
    Mutex preflight_mutex_;  // a module's [serial] verbs run one at a time
};

}  // namespace terway::daemon
