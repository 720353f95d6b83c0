// terway-bench cni: ADD and DEL against Debian's ptp and against the kernel's own cost.
#pragma once

#include <vector>

#include "daemon.hpp"
#include "report.hpp"

namespace terway::bench {

struct CniOptions {
    Programs programs;
    unsigned rounds = 200;  // one pod at a time, everybody in turn
    unsigned storms = 10;   // a hundred pods at once
};

// Throws Error if anything that is measured fails, Interrupted on Ctrl-C. Tells its progress on
// standard error.
[[nodiscard]] std::vector<Row> bench_cni(const CniOptions& options);

}  // namespace terway::bench
