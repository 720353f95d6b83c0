// How long it takes from the API server to the kernel: one event at a time, and very many.
#pragma once

#include <chrono>
#include <map>

#include "policy_cluster.hpp"
#include "samples.hpp"

namespace terway::bench {

struct EventTimes {
    Samples all;  // ms
    std::map<unsigned, Samples> by_kind;
};

// One after the other, each begun when the one before is in the kernel and a little later, by
// chance.
[[nodiscard]] EventTimes run_events(PolicyCluster& cluster, unsigned events);

struct ChurnOptions {
    std::chrono::seconds span{60};
    unsigned per_second = 1000;
};

struct ChurnTimes {
    Samples lag;           // ms
    Samples lag_at_first;  // of the first third of the time, and of the last
    Samples lag_at_last;
    double per_second = 0;  // as it came to be
    double cpu_share = 0;   // of a processor, the daemon's
    double rss_before = 0;  // MiB, when a sixth of the time is over
    double rss_after = 0;
};

// Changes of the labels of pods of other nodes, evenly in time, whatever the daemon does.
[[nodiscard]] ChurnTimes run_churn(PolicyCluster& cluster, const ChurnOptions& options);

}  // namespace terway::bench
