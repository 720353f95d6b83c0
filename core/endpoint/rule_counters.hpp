// What an endpoint's rules have decided, as its policy module counts it.
#pragma once

#include <cstdint>

#include "terway/abi.h"

namespace terway::endpoint {

struct Verdicts {
    std::uint64_t allowed = 0;
    std::uint64_t denied = 0;

    bool operator==(const Verdicts&) const = default;
};

struct RuleCounters {
    Verdicts ingress;
    Verdicts egress;

    bool operator==(const RuleCounters&) const = default;
};

[[nodiscard]] inline RuleCounters from_abi(const twy_policy_counters& raw) {
    return {{raw.ingress.allowed, raw.ingress.denied}, {raw.egress.allowed, raw.egress.denied}};
}

}  // namespace terway::endpoint
