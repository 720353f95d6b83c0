// terway-bench pool: what the ENI pool costs, in time and in calls of the cloud's API.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "daemon.hpp"
#include "report.hpp"

namespace terway::bench {

struct PoolOptions {
    Programs programs;
    unsigned rounds = 200;  // one pod at a time, in both modes
    unsigned bursts = 10;   // 200 pods at once on a cold node
    std::chrono::hours churn{5};
    std::uint64_t steps = 1'000'000;  // of the ledger alone
};

// As bench_cni.
[[nodiscard]] std::vector<Row> bench_pool(const PoolOptions& options);

}  // namespace terway::bench
