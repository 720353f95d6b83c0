// Pods that come and go, in virtual time, on a real pool; and the routes to them that a node would
// have.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "pool/address_pool.hpp"
#include "virtual_time.hpp"

namespace terway::bench {

struct ChurnRate {
    double pods_per_second = 10;
    std::chrono::milliseconds mean_life{20'000};
};

// The thread's that makes time pass. A pod that must wait for its address waits in a thread of its
// own, as in the daemon; when time goes on, all that could be served have been.
class ChurnPods {
public:
    ChurnPods(pool::AddressPool& pool, VirtualTime& time, const ChurnRate& rate,
              std::uint64_t seed);
    ~ChurnPods();
    ChurnPods(const ChurnPods&) = delete;
    ChurnPods& operator=(const ChurnPods&) = delete;

    // Pods come from now on, until then.
    void come_until(WallTime end);
    // Takes in what waiting pods have got since.
    void settle();

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t waited() const { return waited_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    [[nodiscard]] std::uint64_t doubles() const { return doubles_; }
    [[nodiscard]] std::chrono::milliseconds longest_wait() const { return longest_wait_; }
    [[nodiscard]] const std::map<IpAddress, std::string>& routes() const { return routes_; }

private:
    struct Waiting {
        std::string pod;
        WallTime since;
        bool over = false;
        std::optional<pool::Lease> given;
        std::jthread thread;
    };

    void arrive(WallTime end);
    void start(const std::string& pod, const pool::Lease& lease);
    void leave(const std::string& pod);
    void wait(const std::string& pod);
    [[nodiscard]] std::vector<Waiting*> answered();
    [[nodiscard]] std::chrono::milliseconds drawn(double mean);

    pool::AddressPool& pool_;
    VirtualTime& time_;
    ChurnRate rate_;
    std::mt19937_64 random_;
    std::map<IpAddress, std::string> routes_;
    std::map<std::string, pool::Addresses> leases_;
    std::uint64_t count_ = 0;
    std::uint64_t waited_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t doubles_ = 0;
    std::chrono::milliseconds longest_wait_{0};
    Mutex mutex_;
    Condition news_;
    std::list<Waiting> waiting_;
};

}  // namespace terway::bench
