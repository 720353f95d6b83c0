// The keys of [module.ipvlan].
#pragma once

#include <cstdint>
#include <terway/config.hpp>
#include <vector>

#include "base/address.hpp"

namespace terway::ipvlan {

struct Options {
    std::uint32_t mtu = 0;  // 0: that of the link with the default route
    // Networks, without host bits; what pods send there goes through the host's stack.
    std::vector<Prefix> service_cidrs;
    std::vector<Prefix> host_stack_cidrs;
    bool masquerade = true;
};

// Complains to `config` about what cannot be; no side effect.
[[nodiscard]] Options read_options(sdk::Config& config);

}  // namespace terway::ipvlan
