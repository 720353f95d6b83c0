// Asks the policies that select a pod, tier by tier and rule by rule. Private to core/policy.
#pragma once

#include "policy/explain.hpp"

namespace terway::policy {

// One end of the connection; an address that is no pod's has none.
struct End {
    IpAddress address;
    const PodState* pod = nullptr;
};

struct Asked {
    Protocol protocol;
    std::uint16_t port;
};

[[nodiscard]] ObjectName name_of(const PodState& pod);

// Fills in what they say in the answer's direction.
void ask_tiers(EndAnswer& answer, const Selecting& selecting, const PodState& subject,
               const End& other, const Asked& asked);

}  // namespace terway::policy
