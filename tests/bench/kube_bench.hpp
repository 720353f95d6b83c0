// terway-bench kube: what a large cluster costs, in time and in memory.
#pragma once

#include <vector>

#include "daemon.hpp"
#include "report.hpp"

namespace terway::bench {

struct KubeOptions {
    Programs programs;
    unsigned pods = 50'000;
    unsigned namespaces = 5'000;
    unsigned lists = 10;    // of five thousand pods
    unsigned rounds = 200;  // with one pod at a time
};

[[nodiscard]] std::vector<Row> bench_kube(const KubeOptions& options);

}  // namespace terway::bench
