// Between the service proxy and the modules.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "daemon/service_proxy.hpp"
#include "endpoint/chain.hpp"
#include "host/gate.hpp"
#include "profile/diagnostic.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

// Complains where modules are to translate Services that nobody can tell them.
void check_services(const profile::Profile& profile, profile::Diagnostics& diagnostics);

// Tells the modules that translate Services of them as long as the thread lives. The modules have
// been started. Borrows both.
[[nodiscard]] std::jthread keep_services(ServiceProxy& proxy, const endpoint::Modules& modules);

// Has a module carry an update out: through the gate, within the time the gate gives it. Throws
// Error. Borrows all.
[[nodiscard]] std::function<void(const std::string& module, const twy_service_update&)>
service_applier(const endpoint::Modules& modules, host::Gate& gate, host::LinkReaper& reaper);

}  // namespace terway::daemon
