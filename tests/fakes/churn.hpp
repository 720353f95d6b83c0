// Hours of a node's life in seconds: the ledger alone, driven through virtual time. Deterministic.
#pragma once

#include <chrono>
#include <cstdint>

#include "cloud/eni.hpp"
#include "pool/eni_settings.hpp"

namespace terway::fakes {

// How long the cloud takes.
struct Delays {
    std::chrono::milliseconds create{1000};
    std::chrono::milliseconds attach{3000};
    std::chrono::milliseconds assign{500};
    std::chrono::milliseconds remove{4000};
};

struct ChurnPlan {
    pool::EniSettings settings;
    cloud::InstanceLimits limits{"ecs.virtual", 16, 50, 50, 16, false};
    Delays delays;
    double pods_per_second = 10;
    std::chrono::milliseconds mean_life{20'000};
    std::chrono::milliseconds lasts = std::chrono::hours(5);
    std::uint64_t seed = 1;
};

struct ChurnResult {
    std::uint64_t pods = 0;
    std::uint64_t calls = 0;  // that change something
    double calls_per_1000_pods = 0;
    std::uint64_t refused = 0;
    std::chrono::milliseconds longest_wait{};
    bool in_step = false;       // ledger and cloud agree at the end
    std::uint64_t doubles = 0;  // addresses given to two
};

[[nodiscard]] ChurnResult churn(const ChurnPlan& plan);

struct BurstResult {
    std::uint64_t calls = 0;
    std::uint64_t fewest_calls = 0;
    std::chrono::milliseconds last_served{};
    std::chrono::milliseconds bound{};  // no pool could be faster
    std::uint64_t served = 0;
};

// So many pods on a node that has no secondary ENI yet, `apart` from each other.
[[nodiscard]] BurstResult cold_burst(std::uint64_t pods, const cloud::InstanceLimits& limits,
                                     const Delays& delays, std::chrono::milliseconds apart = {});

}  // namespace terway::fakes
