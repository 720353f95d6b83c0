// One life of the daemon's pool over a cloud, a node and a disk that outlive it.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "fakes/fake_cloud.hpp"
#include "fakes/fake_parts.hpp"
#include "pool/eni_pool.hpp"
#include "pool/eni_worker.hpp"

namespace terway::fakes {

class FakeNode {
public:
    explicit FakeNode(const pool::EniSettings& settings,
                      const cloud::InstanceLimits& limits = {"ecs.test", 4, 6, 6, 4, false})
        : settings_(settings), cloud(limits, clock(), &fuse), nics(cloud, &fuse), journal(&fuse) {}

    [[nodiscard]] std::function<WallTime()> clock() {
        return [this] { return WallTime(std::chrono::milliseconds(now.load())); };
    }
    void advance(std::chrono::milliseconds span) { now += span.count(); }

    // Starts the daemon; what was in memory before is lost.
    void start() {
        worker.reset();
        pool.reset();
        pool = std::make_unique<pool::EniPool>(settings_, observer, clock(),
                                               [] { return std::uint64_t{0}; });
        worker = std::make_unique<pool::EniWorker>(
            pool::EniWorker::Parts{cloud, cloud, nics, journal, *pool, observer}, settings_,
            clock(), [this] { return "token-" + std::to_string(++tokens_); });
        for (const auto& [owner, lease] : records) {
            pool->claim({owner, {}}, lease.addresses, lease.eni->id);
        }
        worker->begin();
    }
    void resync() { worker->resync(patience()); }
    // Carries out orders until there are none.
    void settle() {
        for (int i = 0; i < 100; ++i) {
            const auto orders = pool->await_orders({}, Deadline::min());
            if (orders.empty()) {
                return;
            }
            for (const auto& order : orders) {
                worker->carry_out(order, patience());
            }
        }
    }
    // As ADD and DEL do; the records are on disk.
    void add(const std::string& owner) {
        records[owner] = pool->lease({owner, {}}, {}, Deadline::min());
    }
    void remove(const std::string& owner) {
        records.erase(owner);
        pool->release(owner);
    }
    [[nodiscard]] static cloud::Patience patience() { return {{}, after(std::chrono::minutes(1))}; }
    [[nodiscard]] std::set<IpAddress> known_addresses() const {
        std::set<IpAddress> out;
        for (const auto& eni : pool->picture().enis) {
            for (const auto& address : eni.addresses) {
                out.insert(address.address);
            }
        }
        return out;
    }

private:
    pool::EniSettings settings_;
    unsigned tokens_ = 0;

public:
    std::atomic<std::int64_t> now{1'700'000'000'000};
    Fuse fuse;
    FakeCloud cloud;
    FakeNics nics;
    FakeJournal journal;
    FakeObserver observer;
    std::map<std::string, pool::Lease> records;
    std::unique_ptr<pool::EniPool> pool;
    std::unique_ptr<pool::EniWorker> worker;
};

}  // namespace terway::fakes
