#include "cpu_time.hpp"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

namespace terway::bench {
namespace {

std::chrono::nanoseconds run_time(pid_t thread) {
    std::ifstream file("/proc/" + std::to_string(thread) + "/schedstat");
    std::int64_t spent = 0;
    file >> spent;
    return std::chrono::nanoseconds(spent);
}

}  // namespace

CpuClock::CpuClock() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (!std::all_of(name.begin(), name.end(),
                         [](unsigned char c) { return std::isdigit(c); })) {
            continue;
        }
        std::ifstream file(entry.path() / "comm");
        std::string comm;
        file >> comm;
        if (comm.starts_with("ksoftirqd/")) {
            threads_.push_back(std::stoi(name));
        }
    }
}

std::chrono::nanoseconds CpuClock::now() const {
    timespec own{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    std::chrono::nanoseconds sum =
        std::chrono::seconds(own.tv_sec) + std::chrono::nanoseconds(own.tv_nsec);
    for (const pid_t thread : threads_) {
        sum += run_time(thread);
    }
    return sum;
}

}  // namespace terway::bench
