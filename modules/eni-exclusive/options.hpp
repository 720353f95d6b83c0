// The keys of [module.eni-exclusive].
#pragma once

#include <cstdint>
#include <terway/config.hpp>
#include <vector>

#include "base/address.hpp"

namespace terway::eni_exclusive {

struct Options {
    std::uint32_t mtu = 0;  // 0: that of the link with the default route
    bool host_peer = true;
    bool masquerade = true;
    std::vector<Prefix> service_cidrs;
    std::vector<Prefix> host_stack_cidrs;
};

// Complains to `config` about what cannot be; no side effect.
[[nodiscard]] Options read_options(sdk::Config& config);

}  // namespace terway::eni_exclusive
