// policy-bpf by itself: its programs, attaching them, and Services of a large cluster, beside the
// chains that kube-proxy writes for iptables.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "daemon.hpp"
#include "report.hpp"

namespace terway::bench {

struct BpfBenchOptions {
    Programs programs;
    std::string scratch;
    unsigned rounds = 15;
    std::chrono::milliseconds slice{100};
    unsigned services = 10'000;
    unsigned endpoints = 50'000;
};

// The rows. Throws Error.
[[nodiscard]] std::vector<Row> bench_bpf(const BpfBenchOptions& options);

}  // namespace terway::bench
