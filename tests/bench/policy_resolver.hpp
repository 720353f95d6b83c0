// What the resolver of NetworkPolicies needs for a large cluster, alone: no API server, no kernel.
#pragma once

#include "policy_objects.hpp"
#include "samples.hpp"

namespace terway::bench {

struct ResolverTimes {
    double members = 0;       // of all sets: addresses, and pairs of address and port
    double full_ms = 0;       // processor time, from an empty index to all rules and sets
    double rss_mib = 0;       // what the index holds then
    Samples label_us;         // a pod's label changes
    double namespace_us = 0;  // a namespace's label changes
    double policy_us = 0;     // a policy changes
    double growth_mib = 0;    // over all those changes
};

[[nodiscard]] ResolverTimes run_resolver(const PolicyScale& scale);

}  // namespace terway::bench
