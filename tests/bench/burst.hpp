// 200 pods at once on a node that has nothing but its primary ENI.
#pragma once

#include <string>

#include "daemon.hpp"
#include "samples.hpp"
#include "sim/bound.hpp"

namespace terway::bench {

struct BurstTimes {
    Samples whole;      // ms, from the start of the first CNI program to the end of the last
    Samples from_call;  // ms, from the first call the cloud saw to the end of the last program
    Samples calls;      // of the cloud that change something
    sim::Bound bound;
};

// Each burst meets a new cloud with realistic delays and throttles, and other luck.
[[nodiscard]] BurstTimes run_bursts(const Programs& programs, const std::string& scratch,
                                    unsigned bursts);

}  // namespace terway::bench
