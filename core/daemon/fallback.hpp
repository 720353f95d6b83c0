// What becomes of a profile on a node that cannot run all of its modules. Pure.
#pragma once

#include <string>
#include <vector>

#include "daemon/preflight.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

// New pods get `to` in place of `from`.
struct Fallback {
    std::string from;
    std::string to;
    std::string reason;  // what `from` lacks here

    bool operator==(const Fallback&) const = default;
};

struct Fitted {
    // Each chain with a dataplane this node can run; `fallback` is left only where it works and is
    // not in force. Modules no chain names any more keep their settings.
    profile::Profile profile;
    std::vector<Fallback> in_force;
    std::vector<std::string> unusable;  // fallbacks that would not work here, a line each
    std::vector<std::string> refusals;  // why the profile cannot run here, a line each; else empty
};

[[nodiscard]] Fitted fit(const profile::Profile& profile, const std::vector<Preflight>& results);

}  // namespace terway::daemon
