// Addresses of the node's ENIs: the pool, and the threads that fill it from the cloud.
#pragma once

#include <thread>

#include "daemon/cloud_access.hpp"
#include "daemon/eni_settings.hpp"
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

class EniSupply {
public:
    // Borrows the parts and the cloud.
    EniSupply(const SupplyParts& parts, CloudAccess& cloud, const NodeFacts& node,
              const EniUse& use);

    [[nodiscard]] pool::AddressPool& pool() { return pool_; }
    [[nodiscard]] endpoint::EniCare& care() { return care_; }
    // As Supply says.
    void start();
    void warm_up();

private:
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
