// The node's own address ranges, shared by all requests: the monitor around CidrLedger.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "pool/address_pool.hpp"
#include "pool/cidr_ledger.hpp"

namespace terway::pool {

// Requests are served in the order they came: an address that becomes free is handed to the oldest
// waiter, and that one alone wakes. The oldest waiter also keeps the time for all. One that waits
// for a particular address does not hold up those behind it.
//
// Nobody has to call tick(): the other calls do the same, and while somebody waits the clock is
// looked at in time and once a second.
class CidrPool final : public AddressPool {
public:
    using WallClock = std::function<WallTime()>;

    // `clock` is called by any thread, under the lock: it must neither block nor call the pool.
    // Throws as CidrLedger does.
    CidrPool(const std::vector<Prefix>& cidrs, std::chrono::milliseconds cool_down,
             std::chrono::milliseconds sticky_for, WallClock clock);

    // Waits only if enough addresses cool down before `deadline` for everybody who came earlier and
    // for this owner. Refusals name the CIDR and its numbers.
    [[nodiscard]] Lease lease(const Claimant& who, const std::stop_token& stop, Deadline deadline,
                              const Addresses& wanted = {}) override;
    void claim(const Claimant& who, const Addresses& addresses, const std::string& eni) override;
    void restore_cooling(const CoolingAddress& cooling) override;
    void release(const Owner& owner) override;
    void give_back(const Owner& owner) override;
    [[nodiscard]] WallTime cool_until(const std::string& sticky) const override;
    void hold(const Addresses& addresses) override;
    void unhold(const Addresses& addresses) override;
    void tick() override;
    [[nodiscard]] PoolPicture picture() const override;
    [[nodiscard]] std::string trouble() const override;

private:
    struct Waiter {
        Waiter(Claimant claimant, Addresses what)
            : who(std::move(claimant)), wanted(std::move(what)) {}
        [[nodiscard]] bool takes_any() const { return wanted.empty() && who.sticky.empty(); }

        const Claimant who;
        const Addresses wanted;
        Condition news;
        std::optional<Addresses> given;
        bool keeps_time = false;
    };

    void serve() TERWAY_REQUIRES(mutex_);
    void appoint_timekeeper() TERWAY_REQUIRES(mutex_);
    void check_hope(const Owner& me, const Addresses& wanted, Deadline deadline) const
        TERWAY_REQUIRES(mutex_);
    void await_news(Waiter& me, const std::stop_token& stop, Deadline deadline)
        TERWAY_REQUIRES(mutex_);
    [[nodiscard]] Deadline next_look() const TERWAY_REQUIRES(mutex_);
    [[nodiscard]] std::size_t waiting() const TERWAY_REQUIRES(mutex_);
    [[nodiscard]] std::string numbers() const TERWAY_REQUIRES(mutex_);
    [[nodiscard]] CidrLedger ledger_now() const TERWAY_REQUIRES(mutex_);

    const WallClock clock_;
    mutable Mutex mutex_;
    CidrLedger ledger_ TERWAY_GUARDED_BY(mutex_);
    std::list<Waiter> waiters_ TERWAY_GUARDED_BY(mutex_);  // oldest first; gone once it returns
};

}  // namespace terway::pool
