// Hours of a node's life in virtual time: the real pool, its worker and the real clients of the
// cloud's API and metadata, against the simulated cloud over HTTP.
#pragma once

#include <chrono>
#include <cstdint>

namespace terway::bench {

struct ChurnOutcome {
    std::uint64_t pods = 0;
    std::uint64_t changing_calls = 0;
    std::uint64_t calls = 0;   // reads included
    std::uint64_t waited = 0;  // pods that found no idle address
    std::uint64_t refused = 0;
    std::chrono::milliseconds longest_wait{0};
    // At the end, while pods run: addresses that the pool and the cloud, or pods that the pool and
    // the node, do not agree about, ENIs prepared on the node but not attached or the reverse, and
    // addresses that ever had two pods at a time.
    std::uint64_t drift = 0;
};

// 10 pods a second that live 20 seconds on average, default watermarks and cool-down, the cloud's
// delays realistic.
[[nodiscard]] ChurnOutcome run_churn(std::chrono::hours lasts);

}  // namespace terway::bench
