// The keys of [module.bandwidth-tc].
#pragma once

#include <terway/config.hpp>

namespace terway::bandwidth_tc {

enum class Mode { Auto, Tbf, Htb, Edt };

struct Options {
    Mode mode = Mode::Auto;
    bool network_priority = false;
};

// Complains to `config` about what cannot be; no side effect.
[[nodiscard]] Options read_options(sdk::Config& config);

}  // namespace terway::bandwidth_tc
