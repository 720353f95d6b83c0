#include "daemon/eni_supply.hpp"

#include <pthread.h>

#include <chrono>

#include "base/log.hpp"
#include "cloud/effects.hpp"

namespace terway::daemon {
namespace {

using std::chrono::seconds;

// The node takes pods after this time even if the pool is not warm: they then wait for addresses.
constexpr seconds kWarmUpTime{30};

}  // namespace

void PoolMetrics::count(std::string_view event, std::string_view detail) noexcept {
    try {
        metrics_
            .counter("terway_pool_events_total", "What happened in the ENI pool",
                     {{"event", std::string(event)}, {"detail", std::string(detail)}})
            .increment();
    } catch (const std::exception&) {
        // Out of memory: the count is the least of our troubles.
    }
}

void PoolMetrics::waited(std::chrono::milliseconds span) noexcept {
    try {
        metrics_.histogram("terway_pool_wait_seconds", "How long requests waited for addresses")
            .observe(std::chrono::duration<double>(span).count());
    } catch (const std::exception&) {
        // As above.
    }
}

EniSupply::EniSupply(const SupplyParts& parts, CloudAccess& cloud, const NodeFacts& node,
                     const EniUse& use)
    : observer_(parts.metrics),
      journal_(parts.store, use.exclusive),
      care_(parts.modules, use.dataplanes, use.exclusive, parts.gate, parts.reaper, parts.metrics),
      settings_(eni_settings(parts.profile, node, use)),
      pool_(settings_, observer_, wall_now, cloud::random_fraction),
      worker_({cloud.api(), cloud.metadata(), care_, journal_, pool_, observer_}, settings_,
              wall_now, cloud::random_nonce),
      refill_(pool_, worker_, settings_) {}

void EniSupply::start() {
    worker_.begin();
    thread_ = std::jthread([this](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "refill");
        refill_.run(stop);
    });
}

void EniSupply::warm_up() {
    log::info("warming up the pool");
    const auto reason = pool_.wait_ready({}, after(kWarmUpTime));
    if (!reason.empty()) {
        log::warning("the pool is not warm yet; pods wait for addresses", {{"reason", reason}});
    }
}

}  // namespace terway::daemon
