// An ADD that gives a pod a whole ENI out of the warm pool: what it costs beside moving the NIC.
#pragma once

#include <cstddef>
#include <string>

#include "daemon.hpp"
#include "samples.hpp"

namespace terway::bench {

inline constexpr std::size_t kBurstOfEnis = 20;

struct ExclusiveTimes {  // milliseconds
    Samples add;
    Samples floor;
    Samples burst;  // kBurstOfEnis at once, until the last has its NIC
    Samples burst_floor;
};

// In every round one pod each, and in every burst kBurstOfEnis, in turn first.
[[nodiscard]] ExclusiveTimes run_exclusive(const Programs& programs, const std::string& scratch,
                                           unsigned rounds, unsigned bursts);

}  // namespace terway::bench
