// The node's ENI addresses, shared by all requests and by those who talk to the cloud: the monitor
// around EniLedger.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "pool/address_pool.hpp"
#include "pool/eni_ledger.hpp"
#include "pool/pool_observer.hpp"

namespace terway::pool {

// Requests are served in the order they came; an address that becomes free wakes its new owner and
// nobody else. One that waits for a particular address does not hold up those behind it. A request
// is refused with the reason as soon as it is certain that nothing can come before its deadline.
class EniPool final : public AddressPool {
public:
    using WallClock = std::function<WallTime()>;

    // `clock` and `dice` are called by any thread, under the lock.
    EniPool(const EniSettings& settings, PoolObserver& observer, WallClock clock,
            VSwitchBook::Dice dice);

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

    // Empty once the pool has warmed up; otherwise, when the deadline passes, a stop is requested
    // or the cloud certainly refuses, the reason.
    [[nodiscard]] std::string wait_ready(const std::stop_token& stop, Deadline deadline);

    // What follows is for those who talk to the cloud; see EniLedger.

    // Waits until there is something to do, at most until the deadline.
    [[nodiscard]] std::vector<Order> await_orders(const std::stop_token& stop, Deadline deadline);
    // Waits until somebody calls for reads of the cloud; true if so.
    [[nodiscard]] bool await_resync(const std::stop_token& stop, Deadline deadline);
    void set_limits(const cloud::InstanceLimits& limits);
    void set_vswitches(const std::vector<cloud::VSwitch>& vswitches);
    void put_eni(const EniRecord& record, bool ready);
    void owe(const PendingCall& call);
    [[nodiscard]] Findings compare(const Reading& reading);
    void created(OrderId order, const EniRecord& record);
    void assigned(OrderId order, const cloud::AddressSet& addresses);
    void prepared(OrderId order, std::uint32_t ifindex);
    void done(OrderId order);
    void failed(OrderId order, const Failure& failure);
    void progress(OrderId order, const std::string& eni, const std::string& state);
    void setback(OrderId order, const std::string& reason);
    [[nodiscard]] Change changes() const;
    [[nodiscard]] std::set<std::string> under_way() const;
    // Nothing if the ENI is unknown.
    [[nodiscard]] std::optional<EniRecord> record(const std::string& eni) const;
    [[nodiscard]] std::optional<cloud::VSwitch> vswitch(const std::string& id) const;
    [[nodiscard]] bool knows_limits() const;
    // An endpoint has an address of the ENI.
    [[nodiscard]] bool is_used(const std::string& eni) const;

private:
    struct Waiter {
        Waiter(Claimant claimant, Addresses what, WallTime end)
            : who(std::move(claimant)), wanted(std::move(what)), until(end) {}
        [[nodiscard]] bool takes_any() const { return wanted.empty() && who.sticky.empty(); }
        [[nodiscard]] bool answered() const { return given.has_value() || !refusal.empty(); }

        const Claimant who;
        const Addresses wanted;
        const WallTime until;
        Condition news;
        std::optional<Lease> given;
        std::string refusal;
        bool keeps_time = false;
    };

    [[nodiscard]] Lease lease_or_wait(const Claimant& who, const std::stop_token& stop,
                                      Deadline deadline, const Addresses& wanted)
        TERWAY_REQUIRES(mutex_);
    void serve() TERWAY_REQUIRES(mutex_);
    void refuse_the_hopeless(WallTime now) TERWAY_REQUIRES(mutex_);
    [[nodiscard]] std::string no_hope_for(const Waiter& waiter, WallTime now) const
        TERWAY_REQUIRES(mutex_);
    void appoint_timekeeper() TERWAY_REQUIRES(mutex_);
    void after_change() TERWAY_REQUIRES(mutex_);
    [[nodiscard]] Deadline next_look(WallTime now) const TERWAY_REQUIRES(mutex_);
    [[nodiscard]] std::size_t waiting() const TERWAY_REQUIRES(mutex_);
    [[nodiscard]] std::string reasons(WallTime now) const TERWAY_REQUIRES(mutex_);

    PoolObserver& observer_;
    const WallClock clock_;
    mutable Mutex mutex_;
    EniLedger ledger_ TERWAY_GUARDED_BY(mutex_);
    std::list<Waiter> waiters_ TERWAY_GUARDED_BY(mutex_);  // oldest first
    Condition work_;
    Condition resync_;
    Condition ready_;
    bool has_work_ TERWAY_GUARDED_BY(mutex_) = true;
    bool knows_limits_ TERWAY_GUARDED_BY(mutex_) = false;
};

}  // namespace terway::pool
