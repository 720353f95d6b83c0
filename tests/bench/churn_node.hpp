// A node's ENI pool in virtual time: all of it real but the NICs, the disk and the clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "cloud/make_cloud.hpp"
#include "fakes/fake_parts.hpp"
#include "pool/eni_pool.hpp"
#include "pool/eni_worker.hpp"
#include "sim/cloud_server.hpp"
#include "virtual_time.hpp"

namespace terway::bench {

// Notes which ENIs are prepared. Waiting for a NIC is sleeping.
class VirtualNics final : public pool::Nics {
public:
    using Sleep = std::function<void(std::chrono::milliseconds)>;

    explicit VirtualNics(Sleep sleep) : sleep_(std::move(sleep)) {}
    [[nodiscard]] std::optional<std::uint32_t> find(const Mac& mac) override;
    void await_change(const cloud::Patience& patience) override;
    void prepare(const pool::EniPlace& eni) override { prepared_.insert(eni.id); }
    void forget(const pool::EniPlace& eni) override { prepared_.erase(eni.id); }
    [[nodiscard]] const std::set<std::string>& prepared() const { return prepared_; }

private:
    Sleep sleep_;
    std::set<std::string> prepared_;
};

// The thread's that makes time pass, apart from the pool.
class ChurnNode {
public:
    // `sleep` lets time pass; it is called while the worker waits for the cloud.
    ChurnNode(VirtualTime& time, const VirtualNics::Sleep& sleep);

    [[nodiscard]] pool::EniPool& pool() { return pool_; }
    // What the refill loop would do now: orders, one after the other, and reads when they are due.
    void work();

    [[nodiscard]] std::uint64_t changing_calls();
    [[nodiscard]] std::uint64_t calls();
    [[nodiscard]] std::set<IpAddress> cloud_addresses();
    [[nodiscard]] std::set<std::string> cloud_enis();
    [[nodiscard]] const std::set<std::string>& prepared() const { return nics_.prepared(); }

private:
    // The cloud's clock and ours are the same again.
    WallTime synchronised();
    [[nodiscard]] cloud::Effects effects();
    [[nodiscard]] cloud::Patience patience();
    [[nodiscard]] std::vector<sim::Eni> attached();

    VirtualTime& time_;
    VirtualNics::Sleep sleep_;
    sim::CloudServer server_;
    pool::EniSettings settings_;
    cloud::MetadataClient metadata_;
    cloud::CallLog log_;
    std::unique_ptr<cloud::Api> api_;
    VirtualNics nics_;
    fakes::FakeJournal journal_;
    fakes::FakeObserver observer_;
    pool::EniPool pool_;
    pool::EniWorker worker_;
    WallTime last_read_{};
};

}  // namespace terway::bench
