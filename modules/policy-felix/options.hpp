// The keys of [module.policy-felix].
#pragma once

#include <terway/config.hpp>

#include <optional>
#include <string>

#include "external_plan.hpp"

namespace terway::felix {

struct Options {
    bool asks_for_node = true;     // a pod's connections to its own node need its egress rules
    bool cuts_established = true;  // connections that new rules forbid end at once
    bool drops_unknown = true;     // what comes from and goes to pods that have no policy module
    bool logs_denied = false;      // denied packets are written to the daemon's log

    bool is_external = false;         // a calico-felix enforces policies, and this is how it tells
    std::optional<HealthUrl> health;  // that it is ready; one of the two is given
    std::string status_dir;           // of endpoints whose rules are in force; may be empty

    bool operator==(const Options&) const = default;
};

// Complains to `config` about what cannot be; no side effect.
[[nodiscard]] Options read_options(sdk::Config& config);

}  // namespace terway::felix
