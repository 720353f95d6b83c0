// Processor time that traffic takes: of this process, in whose system calls the kernel carries most
// packets, and of the kernel's threads that carry the others.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <vector>

namespace terway::bench {

class CpuClock {
public:
    CpuClock();
    [[nodiscard]] std::chrono::nanoseconds now() const;

private:
    std::vector<pid_t> threads_;  // ksoftirqd of each processor
};

}  // namespace terway::bench
