// Services of a large cluster, from the API server's words to what a module is told, in one
// process.
#pragma once

#include <vector>

#include "report.hpp"

namespace terway::bench {

struct ServiceBenchOptions {
    unsigned services = 10'000;
    unsigned endpoints = 50'000;
    unsigned rounds = 5;
    unsigned events = 1'000;
};

[[nodiscard]] std::vector<Row> bench_service(const ServiceBenchOptions& options);

}  // namespace terway::bench
