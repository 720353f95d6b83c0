// terway-bench dataplane: what each dataplane makes of a NIC's speed.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "daemon.hpp"
#include "report.hpp"

namespace terway::bench {

struct DataplaneOptions {
    Programs programs;
    unsigned rounds = 10;
    std::chrono::milliseconds slice{100};  // of each measurement
    unsigned bursts = 5;                   // of twenty ADDs, each with a whole ENI
    std::vector<std::string> only{};       // candidates; empty: all
};

// As bench_cni.
[[nodiscard]] std::vector<Row> bench_dataplane(const DataplaneOptions& options);

}  // namespace terway::bench
