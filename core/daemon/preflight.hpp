// What the loaded modules need of this node and what is there.
#pragma once

#include <string>
#include <vector>

#include "endpoint/chain.hpp"
#include "host/requirements.hpp"

namespace terway::daemon {

// What one module needs of this node and what is there.
struct Preflight {
    std::string module;
    std::vector<host::RequirementResult> rows;
    [[nodiscard]] bool met() const;
};

// Tests the declared needs and asks the modules themselves. On a thread in the host's namespace.
[[nodiscard]] std::vector<Preflight> preflight(const endpoint::Modules& modules);
// The table a person reads: need, found, fix.
[[nodiscard]] std::string to_text(const std::vector<Preflight>& results);

}  // namespace terway::daemon
