// The node's addresses, shared by all requests: the monitor around the ledger.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "pool/ledger.hpp"

namespace terway::pool {

struct PoolCount {
    std::vector<CidrCount> cidrs;
    std::uint64_t used_outside = 0;  // addresses in use outside the CIDRs
    std::size_t waiting = 0;         // requests
};

// Any thread may call anything at any time.
//
// Requests are served in the order they came: an address that becomes free is handed to the oldest
// waiter, and that one alone wakes. The oldest waiter also keeps the time for all. One that waits
// for a particular address does not hold up those behind it.
//
// Durability is the caller's: persist the record after lease and before the address is used; on the
// way out persist the cooling first (until cool_until()), then release.
class Pool {
public:
    using WallClock = std::function<WallTime()>;

    // `clock` is called by any thread, under the lock: it must neither block nor call the pool.
    // Throws as CidrLedger does.
    Pool(const std::vector<Prefix>& cidrs, std::chrono::milliseconds cool_down,
         WallClock clock = wall_now);

    // As CidrLedger::lease. Where that has nothing, waits, but only if enough addresses cool down
    // before `deadline` for everybody who came earlier and for this owner; otherwise, and when the
    // deadline passes or a stop is requested, throws Error(Retry) naming the CIDR and its numbers.
    [[nodiscard]] Addresses lease(const Owner& owner, const std::stop_token& stop,
                                  Deadline deadline, const Addresses& wanted = {});

    // As in CidrLedger.
    void claim(const Owner& owner, const Addresses& addresses);
    std::vector<CoolingAddress> release(const Owner& owner);
    void give_back(const Owner& owner);
    void hold(const Addresses& addresses);
    void unhold(const Addresses& addresses);
    void restore_cooling(const IpAddress& address, WallTime until);
    [[nodiscard]] std::vector<CoolingAddress> cooling() const;

    // Until when an address cools that is released now.
    [[nodiscard]] WallTime cool_until() const;

    // Looks at the clock and serves whoever can be served. Nobody has to call it: the other calls
    // do the same, and while somebody waits the clock is looked at in time and once a second.
    void tick();

    [[nodiscard]] PoolCount counts();

private:
    struct Waiter {
        Waiter(Owner who, Addresses what) : owner(std::move(who)), wanted(std::move(what)) {}

        const Owner owner;
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

    const WallClock clock_;
    mutable Mutex mutex_;
    CidrLedger ledger_ TERWAY_GUARDED_BY(mutex_);
    std::list<Waiter> waiters_ TERWAY_GUARDED_BY(mutex_);  // oldest first; gone once it returns
};

}  // namespace terway::pool
