// The modules of a profile, loaded and examined.
#pragma once

#include <string>
#include <vector>

#include "endpoint/chain.hpp"
#include "endpoint/record.hpp"
#include "host/requirements.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

// Loads and configures every module of the chain. Complaints about their tables land in
// `diagnostics`; a file that must not be loaded throws Error.
[[nodiscard]] endpoint::Modules load_modules(const profile::Profile& profile,
                                             profile::Diagnostics& diagnostics);

// Adds the modules that old records still need and the chain no longer has, with their default
// settings. One that cannot be loaded is logged; its endpoints stay for the sweeper.
void load_drained(endpoint::Modules& modules, const profile::Profile& profile,
                  const std::vector<endpoint::EndpointRecord>& records);

// What one module needs of this node and what is there.
struct Preflight {
    std::string module;
    std::vector<host::RequirementResult> rows;
    [[nodiscard]] bool met() const;
};

// Tests the declared needs and asks the modules themselves. On a thread in the host's namespace.
[[nodiscard]] std::vector<Preflight> preflight(const endpoint::Modules& modules);
[[nodiscard]] bool all_met(const std::vector<Preflight>& results);
// The table a person reads: need, found, fix.
[[nodiscard]] std::string to_text(const std::vector<Preflight>& results);

}  // namespace terway::daemon
