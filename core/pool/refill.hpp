// Makes the cloud agree with the pool's watermarks: takes the ledger's orders and has them carried
// out, several at a time; looks at the cloud now and then.
#pragma once

#include <atomic>
#include <list>
#include <stop_token>
#include <thread>

#include "pool/eni_pool.hpp"
#include "pool/eni_worker.hpp"

namespace terway::pool {

class Refill {
public:
    // Both must outlive it. `worker.begin()` comes first.
    Refill(EniPool& pool, EniWorker& worker, const EniSettings& settings);

    // Returns once a stop is requested and all calls under way have ended. One thread; any number
    // of its own.
    void run(const std::stop_token& stop);

private:
    struct Job {
        std::atomic<bool> over = false;
        std::jthread thread;
    };

    void keep_in_step(const std::stop_token& stop);
    void start(std::list<Job>& jobs, Order order, const std::stop_token& stop);

    EniPool& pool_;
    EniWorker& worker_;
    std::chrono::milliseconds reconcile_every_;
};

}  // namespace terway::pool
