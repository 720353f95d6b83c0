// The clock of the programs.
#pragma once

#include <cstdint>
#include <ctime>

#include "bpf/layout.h"

namespace terway::policy_bpf {

// CLOCK_MONOTONIC, in nanoseconds, as bpf_ktime_get_ns has it.
[[nodiscard]] inline std::uint64_t monotonic_ns() {
    timespec time{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * POLICY_SECOND +
           static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace terway::policy_bpf
