// An ADD from the warm pool: what it costs beside VPC route mode, and that the cloud hears nothing.
#pragma once

#include <cstdint>

#include "daemon.hpp"
#include "rounds.hpp"

namespace terway::bench {

struct WarmTimes {
    VerbTimes pool;
    VerbTimes route;
    VerbTimes pool_daemon;  // the daemons' own account
    VerbTimes route_daemon;
    std::uint64_t cloud_calls = 0;  // of any kind, while pods of the pool came and went
};

// In every round one pod on each of two nodes, the same in all but the mode, in turn first.
[[nodiscard]] WarmTimes run_warm(const Programs& programs, const std::string& scratch,
                                 unsigned rounds);

}  // namespace terway::bench
