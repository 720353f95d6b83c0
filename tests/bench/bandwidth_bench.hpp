// terway-bench bandwidth: whether limits hold, and what they cost.
#pragma once

#include <string>
#include <vector>

#include "daemon.hpp"
#include "limited_traffic.hpp"
#include "report.hpp"

namespace terway::bench {

struct BandwidthOptions {
    Programs programs;
    Phases phases{};
    std::vector<std::string> only{};    // candidates; empty: all
    std::vector<std::string> limits{};  // "1m"; empty: all
    std::string mode = "auto";          // of bandwidth-tc
};

// As bench_cni.
[[nodiscard]] std::vector<Row> bench_bandwidth(const BandwidthOptions& options);

}  // namespace terway::bench
