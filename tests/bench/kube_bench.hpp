// terway-bench kube: what reading a large cluster costs, in time and in memory. No network.
#pragma once

#include <vector>

#include "report.hpp"

namespace terway::bench {

struct KubeOptions {
    unsigned pods = 50'000;
    unsigned namespaces = 5'000;
    unsigned rounds = 10;  // lists of five thousand pods
};

[[nodiscard]] std::vector<Row> bench_kube(const KubeOptions& options);

}  // namespace terway::bench
