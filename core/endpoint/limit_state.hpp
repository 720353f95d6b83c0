// How an endpoint's limits do, as its QoS module sees them in the kernel. Pure data.
#pragma once

#include <cstdint>
#include <string>

#include "terway/abi.h"

namespace terway::endpoint {

struct LimitState {
    std::string mode;            // "htb"; empty: unlimited
    std::uint64_t rate_bps = 0;  // bits a second in force; 0: unlimited
    std::uint64_t bytes = 0;     // that passed, since the limit was put in place
    std::uint64_t packets = 0;
    std::uint64_t drops = 0;    // packets
    std::uint64_t backlog = 0;  // bytes that wait
};

struct LimitStates {
    LimitState ingress;  // towards the pod
    LimitState egress;
};

[[nodiscard]] LimitStates from_abi(const twy_limits& raw);

}  // namespace terway::endpoint
