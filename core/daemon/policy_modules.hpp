// Between the policy service and the modules.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "endpoint/chain.hpp"
#include "endpoint/record.hpp"
#include "host/gate.hpp"
#include "profile/diagnostic.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

// The policy modules of the profile's chains.
[[nodiscard]] std::set<std::string> policy_modules(const profile::Profile& profile);
// Whether anybody has one, be it an endpoint of an earlier profile.
[[nodiscard]] bool needs_policies(const profile::Profile& profile,
                                  const std::vector<endpoint::EndpointRecord>& records);

// Complains of chains that can never know policies, unless everything is to be open then.
void check_policies(const profile::Profile& profile, profile::Diagnostics& diagnostics);

// Has a module carry an update out: through the gate, within the time the gate gives it. Throws
// Error. Borrows all.
[[nodiscard]] std::function<void(const std::string& module, const twy_policy_update&)>
policy_applier(const endpoint::Modules& modules, host::Gate& gate, host::LinkReaper& reaper);

}  // namespace terway::daemon
