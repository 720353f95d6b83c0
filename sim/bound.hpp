// The least that serving a burst of pods can take from the simulated cloud: what a client is
// measured against. Pure.
//
// A node with nothing but its primary ENI is to give `pods` pods an address each (one of each
// family) on secondary ENIs. The fewest mutating calls:
//
//   ENIs     k = ceil(pods / usable slots of an ENI); a slot is an address, or a prefix of 16. The
//            primary address of an ENI serves a pod unless `keep_primary`. The type's ENI quota
//            less one, for the node's own, limits k.
//   create   k: one call makes an ENI with all its IPv4 addresses (49 beside the primary) or ten
//            prefixes, and ten IPv6 addresses or prefixes.
//   attach   k: there is no call that does both.
//   assign   one a family for every ENI that needs more than its create call could give.
//
// The least time: ENIs are independent, so all are made at once, and the last one ends it. For one,
//
//   max(latency, Creating) + max(latency, Attaching) + latency [+ latency for assign calls]
//
// because a call takes effect when it arrives but is answered a latency later; attaching needs the
// ENI's id and the state Available; the third latency is the one read that confirms InUse.
// Throttles: the n-th call of a kind waits for (n - burst) tokens. `least` takes every delay at its
// shortest and bounds any run. `expected` is the mean of the longest of k such sums with delays
// drawn as the cloud draws them: what a perfect client reaches on average.
#pragma once

#include <cstddef>

#include "sim/cloud/instance_types.hpp"
#include "sim/cloud/settings.hpp"

namespace terway::sim {

struct Burst {
    std::size_t pods = 0;
    InstanceType type;
    Settings settings;
    bool ipv4 = true;
    bool ipv6 = false;
    bool prefixes = false;
    bool keep_primary = false;
};

struct Bound {
    std::size_t enis = 0;
    std::size_t creates = 0;
    std::size_t attaches = 0;
    std::size_t assigns = 0;
    Milliseconds least{0};
    Milliseconds expected{0};

    [[nodiscard]] std::size_t mutating_calls() const { return creates + attaches + assigns; }
};

// Throws Error(Invalid) if the instance type cannot hold so many pods.
[[nodiscard]] Bound bound_of(const Burst& burst);

}  // namespace terway::sim
