#include "daemon/eni_supply.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "base/log.hpp"
#include "cloud/effects.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using std::chrono::seconds;

// The node takes pods after this time even if the pool is not warm: they then wait for addresses.
constexpr seconds kWarmUpTime{30};
// How often it is looked for ENIs that are not needed any more.
constexpr seconds kDrainPeriod{5};

pool::Families families(profile::IpFamilies from) {
    switch (from) {
        case profile::IpFamilies::V6:
            return pool::Families::V6;
        case profile::IpFamilies::Dual:
            return pool::Families::Dual;
        case profile::IpFamilies::V4:
            break;
    }
    return pool::Families::V4;
}

pool::VSwitchChoice choice(profile::VSwitchPolicy from) {
    switch (from) {
        case profile::VSwitchPolicy::Random:
            return pool::VSwitchChoice::Random;
        case profile::VSwitchPolicy::MostFree:
            return pool::VSwitchChoice::MostFree;
        case profile::VSwitchPolicy::Ordered:
            break;
    }
    return pool::VSwitchChoice::Ordered;
}

void set_watermarks(const profile::Pool& from, const EniUse& use, pool::EniSettings& to) {
    to.reclaim_after = from.reclaim_after;
    if (use.draining) {
        to.min_idle = 0;
        to.max_idle = 0;
        to.reclaim_after = std::min<std::chrono::milliseconds>(from.reclaim_after, kDrainPeriod);
    } else if (use.exclusive) {
        to.min_idle = from.exclusive.min_idle;
        to.max_idle = from.exclusive.max_idle;
        to.max_enis = from.exclusive.max_enis;
    } else {
        to.min_idle = from.min_idle;
        to.max_idle = from.max_idle;
        to.warm_up = from.warm_up;
        to.max_enis = from.max_enis;
    }
}

pool::EniSettings settings_of(const profile::Profile& profile, const NodeFacts& node,
                              const EniUse& use) {
    const auto& from = profile.pool;
    const auto& cloud = profile.cloud;
    pool::EniSettings to;
    to.families = families(from.families);
    to.exclusive = use.exclusive;
    to.prefixes = from.prefixes && !use.exclusive;
    to.cool_down = from.cool_down;
    to.sticky_for = from.sticky_for;
    set_watermarks(from, use, to);
    to.reconcile_every = from.reconcile_every;
    to.leak_grace = from.leak_grace;
    to.instance = node.instance.instance;
    to.instance_type = node.instance.type;
    to.zone = node.instance.zone;
    to.vpc = node.instance.vpc;
    to.cluster = cloud.cluster;
    to.vswitches = node.vswitches;
    to.vswitch_choice = choice(cloud.vswitch_policy);
    to.security_groups = node.security_groups;
    to.resource_group = cloud.resource_group;
    to.tags = cloud.tags;
    to.only_tags = cloud.only_tags;
    to.block_tags = cloud.block_tags;
    return to;
}

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
      settings_(settings_of(parts.profile, node, use)),
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
