// Addresses of the node's ENIs: the pool, and the threads that fill it from the cloud.
#pragma once

#include <thread>

#include "daemon/pool_journal.hpp"
#include "daemon/supply.hpp"
#include "pool/eni_pool.hpp"
#include "pool/eni_worker.hpp"
#include "pool/refill.hpp"

namespace terway::daemon {

// What happens in the pool, counted: terway_pool_events_total{event,detail} and
// terway_pool_wait_seconds.
class PoolMetrics final : public pool::PoolObserver {
public:
    explicit PoolMetrics(Metrics& metrics) : metrics_(metrics) {}

    void count(std::string_view event, std::string_view detail) noexcept override;
    void waited(std::chrono::milliseconds span) noexcept override;

private:
    Metrics& metrics_;
};

class EniSupply final : public Supply {
public:
    // Asks the cloud; see CloudAccess.
    explicit EniSupply(const SupplyParts& parts);

    pool::AddressPool& pool() override { return pool_; }
    CloudDoors doors() override { return cloud_.doors(); }
    endpoint::EniCare* care() override { return &care_; }
    void start() override;
    void warm_up() override;

private:
    CloudAccess cloud_;
    PoolMetrics observer_;
    PoolJournal journal_;
    endpoint::EniCare care_;
    const pool::EniSettings settings_;
    pool::EniPool pool_;
    pool::EniWorker worker_;
    pool::Refill refill_;
    std::jthread thread_;
};

}  // namespace terway::daemon
