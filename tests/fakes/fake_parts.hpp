// The NICs, the disk and the counters of a node in memory, for tests of the ENI pool.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fakes/fake_cloud.hpp"
#include "fakes/fuse.hpp"
#include "pool/journal.hpp"
#include "pool/nics.hpp"
#include "pool/pool_observer.hpp"

namespace terway::fakes {

class FakeNics final : public pool::Nics {
public:
    explicit FakeNics(FakeCloud& cloud, Fuse* fuse = nullptr) : cloud_(cloud), fuse_(fuse) {}
    // Moves the NIC into a pod's namespace; it comes back with another index.
    void take(const Mac& mac);
    void put_back(const Mac& mac);
    [[nodiscard]] unsigned preparations() const;
    // Called instead of waiting.
    std::function<void()> while_waiting;
    std::optional<std::uint32_t> find(const Mac& mac) override;
    void await_change(const cloud::Patience& patience) override;
    void prepare(const pool::EniPlace& eni) override;
    void forget(const pool::EniPlace& eni) override;

private:
    FakeCloud& cloud_;
    Fuse* fuse_;
    mutable std::mutex mutex_;
    std::set<Mac> taken_;
    std::map<Mac, std::uint32_t> moves_;
    unsigned preparations_ = 0;
};

class FakeJournal final : public pool::Journal {
public:
    explicit FakeJournal(Fuse* fuse = nullptr) : fuse_(fuse) {}
    void begin(const pool::PendingCall& call) override;
    void finish(const std::string& token) override;
    std::vector<pool::PendingCall> pending() override;
    void keep(const pool::EniRecord& eni) override;
    void drop(const std::string& eni) override;
    std::vector<pool::EniRecord> enis() override;

private:
    Fuse* fuse_;
    std::mutex mutex_;
    std::map<std::string, pool::PendingCall> pending_;
    std::map<std::string, pool::EniRecord> enis_;
};

class FakeObserver final : public pool::PoolObserver {
public:
    void count(std::string_view event, std::string_view detail) noexcept override;
    void waited(std::chrono::milliseconds /*span*/) noexcept override {}
    [[nodiscard]] unsigned times(const std::string& event) const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, unsigned> counts_;
};

}  // namespace terway::fakes
