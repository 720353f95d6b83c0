#include "pool/eni_pool.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "terway/error.hpp"

namespace terway::pool {
namespace {

// The wall clock may be set while somebody waits by the steady one.
constexpr std::chrono::seconds kLongestNap{1};
// An ADD that finds nothing waits about so long before it is better told to come again.
constexpr std::chrono::seconds kPatienceOfAdd{30};

}  // namespace

EniPool::EniPool(const EniSettings& settings, PoolObserver& observer, WallClock clock,
                 VSwitchBook::Dice dice)
    : observer_(observer), clock_(std::move(clock)), ledger_(settings, std::move(dice)) {}

Lease EniPool::lease(const Claimant& who, const std::stop_token& stop, Deadline deadline,
                     const Addresses& wanted) {
    const auto began = Clock::now();
    auto given = [&] {
        const MutexLock lock(mutex_);
        return lease_or_wait(who, stop, deadline, wanted);
    }();
    observer_.waited(std::chrono::floor<std::chrono::milliseconds>(Clock::now() - began));
    return given;
}

Lease EniPool::lease_or_wait(const Claimant& who, const std::stop_token& stop, Deadline deadline,
                             const Addresses& wanted) {
    serve();
    const auto now = clock_();
    const bool others_wait = waiting() > 0;
    if (!others_wait || !wanted.empty() || !who.sticky.empty() || ledger_.book().holds(who.owner)) {
        if (auto lease = ledger_.lease(who, now, wanted)) {
            after_change();
            return *std::move(lease);
        }
    }
    const auto me = waiters_.emplace(waiters_.end(), who, wanted, now + left(deadline));
    after_change();
    while (!me->answered() && !stop.stop_requested() && Clock::now() < deadline) {
        const bool keeping = me->keeps_time;
        me->news.wait(mutex_, stop, keeping ? std::min(deadline, next_look(clock_())) : deadline,
                      [&] { return me->answered() || me->keeps_time != keeping; });
        if (!me->answered()) {
            serve();
        }
    }
    auto given = std::move(me->given);
    const auto refusal = me->refusal;
    waiters_.erase(me);
    appoint_timekeeper();
    if (given) {
        return *std::move(given);
    }
    if (!refusal.empty()) {
        observer_.count("refused", "no hope");
        throw Error(Status::Retry, refusal);
    }
    const auto why = reasons(clock_());
    throw Error(Status::Retry, who.owner +
                                   (stop.stop_requested() ? ": the daemon stops"
                                                          : ": no address became free in time") +
                                   (why.empty() ? "" : "; " + why));
}

void EniPool::serve() {
    const auto now = clock_();
    ledger_.book().expire(now);
    bool exhausted = false;
    for (auto& waiter : waiters_) {
        if (waiter.answered() ||
            (exhausted && waiter.takes_any() && !ledger_.book().holds(waiter.who.owner))) {
            continue;
        }
        waiter.given = ledger_.lease(waiter.who, now, waiter.wanted);
        if (waiter.given) {
            waiter.news.notify_one();
        } else if (waiter.takes_any() && !ledger_.book().holds(waiter.who.owner)) {
            exhausted = true;
        }
    }
    refuse_the_hopeless(now);
    appoint_timekeeper();
}

void EniPool::refuse_the_hopeless(WallTime now) {
    std::size_t earlier = 0;
    for (auto& waiter : waiters_) {
        if (waiter.answered() || ledger_.book().holds(waiter.who.owner)) {
            continue;
        }
        if (!waiter.wanted.empty()) {
            waiter.refusal = no_hope_for(waiter, now);
        } else if (ledger_.supply_by(waiter.until, now) <= earlier) {
            const auto why = reasons(now);
            waiter.refusal = "no address for " + waiter.who.owner + ": " +
                             (why.empty() ? "all are in use" : why) +
                             (earlier == 0 ? "" : ", " + std::to_string(earlier) + " waiting");
        } else {
            ++earlier;
        }
        if (waiter.answered()) {
            waiter.news.notify_one();
        }
    }
}

std::string EniPool::no_hope_for(const Waiter& waiter, WallTime now) const {
    for (const auto& address : waiter.wanted) {
        const auto* const slot = ledger_.book().find(address);
        if (slot == nullptr) {
            if (!ledger_.wants_resync()) {
                return "wanted address " + address.text() + " is on none of the node's ENIs";
            }
        } else if (slot->state == SlotState::Used) {
            return "wanted address " + address.text() + " is in use by " + slot->owner;
        } else if (slot->state == SlotState::Cooling && slot->until > waiter.until &&
                   slot->until > now && slot->owner != waiter.who.owner &&
                   (waiter.who.sticky.empty() || slot->reserved_for != waiter.who.sticky)) {
            return "wanted address " + address.text() +
                   " was in use until recently and cools down beyond the request's deadline";
        }
    }
    return {};
}

void EniPool::appoint_timekeeper() {
    const auto oldest = std::find_if(waiters_.begin(), waiters_.end(),
                                     [](const auto& waiter) { return !waiter.answered(); });
    if (oldest != waiters_.end() && !oldest->keeps_time) {
        oldest->keeps_time = true;
        oldest->news.notify_one();
    }
}

void EniPool::after_change() {
    serve();
    has_work_ = true;
    work_.notify_one();
    if (ledger_.wants_resync()) {
        resync_.notify_one();
    }
    ready_.notify_all();
}

Deadline EniPool::next_look(WallTime now) const {
    const auto event = ledger_.next_event(now);
    if (!event) {
        return after(kLongestNap);
    }
    return after(std::min<std::chrono::milliseconds>(kLongestNap, *event - now));
}

std::size_t EniPool::waiting() const {
    return static_cast<std::size_t>(std::count_if(
        waiters_.begin(), waiters_.end(), [&](const auto& waiter) TERWAY_REQUIRES(mutex_) {
            return !waiter.answered() && waiter.wanted.empty() &&
                   !ledger_.book().holds(waiter.who.owner);
        }));
}

std::string EniPool::reasons(WallTime now) const {
    std::string out;
    for (const auto& each : ledger_.troubles(now)) {
        out += (out.empty() ? "" : "; ") + each;
    }
    return out;
}

void EniPool::claim(const Claimant& who, const Addresses& addresses, const std::string& eni) {
    const MutexLock lock(mutex_);
    ledger_.book().claim(who, addresses, eni);
}

void EniPool::restore_cooling(const CoolingAddress& cooling) {
    const MutexLock lock(mutex_);
    ledger_.book().restore_cooling(cooling, clock_());
}

void EniPool::release(const Owner& owner) {
    const MutexLock lock(mutex_);
    ledger_.book().release(owner, clock_());
    after_change();
}

void EniPool::give_back(const Owner& owner) {
    const MutexLock lock(mutex_);
    ledger_.book().give_back(owner);
    after_change();
}

WallTime EniPool::cool_until(const std::string& sticky) const {
    const MutexLock lock(mutex_);
    return clock_() + ledger_.book().rest_of(sticky);
}

void EniPool::hold(const Addresses& addresses) {
    const MutexLock lock(mutex_);
    ledger_.book().hold(addresses);
}

void EniPool::unhold(const Addresses& addresses) {
    const MutexLock lock(mutex_);
    ledger_.book().unhold(addresses, clock_());
    after_change();
}

void EniPool::tick() {
    const MutexLock lock(mutex_);
    after_change();
}

PoolPicture EniPool::picture() const {
    const MutexLock lock(mutex_);
    auto out = ledger_.picture(clock_());
    for (const auto& waiter : waiters_) {
        if (!waiter.answered()) {
            out.waiting.push_back(waiter.who.owner);
        }
    }
    return out;
}

std::string EniPool::trouble() const {
    const MutexLock lock(mutex_);
    const auto now = clock_();
    const auto queue = waiting();
    if (ledger_.book().idle() > queue) {
        return {};
    }
    const auto why = reasons(now);
    if (!knows_limits_ || ledger_.supply_by(now + kPatienceOfAdd, now) <= queue) {
        return why.empty() ? "all addresses are in use" : why;
    }
    return {};
}

std::string EniPool::wait_ready(const std::stop_token& stop, Deadline deadline) {
    const MutexLock lock(mutex_);
    const auto settled = [&]() TERWAY_REQUIRES(mutex_) {
        const auto now = clock_();
        return ledger_.is_warm() ||
               (knows_limits_ && ledger_.in_flight() == 0 &&
                ledger_.supply_by(now + kPatienceOfAdd, now) == ledger_.book().idle());
    };
    (void)ready_.wait(mutex_, stop, deadline, settled);
    if (ledger_.is_warm()) {
        return {};
    }
    const auto why = reasons(clock_());
    return why.empty() ? "the pool has not warmed up yet" : why;
}

std::vector<Order> EniPool::await_orders(const std::stop_token& stop, Deadline deadline) {
    const MutexLock lock(mutex_);
    while (true) {
        serve();
        const auto now = clock_();
        has_work_ = false;
        auto orders = ledger_.plan(waiting(), now);
        ready_.notify_all();
        if (!orders.empty() || stop.stop_requested() || Clock::now() >= deadline) {
            return orders;
        }
        work_.wait(mutex_, stop, std::min(deadline, next_look(now)),
                   [&]() TERWAY_REQUIRES(mutex_) { return has_work_; });
    }
}

bool EniPool::await_resync(const std::stop_token& stop, Deadline deadline) {
    const MutexLock lock(mutex_);
    return resync_.wait(mutex_, stop, deadline,
                        [&]() TERWAY_REQUIRES(mutex_) { return ledger_.wants_resync(); });
}

void EniPool::set_limits(const cloud::InstanceLimits& limits) {
    const MutexLock lock(mutex_);
    ledger_.set_limits(limits);
    knows_limits_ = true;
    after_change();
}

void EniPool::set_vswitches(const std::vector<cloud::VSwitch>& vswitches) {
    const MutexLock lock(mutex_);
    ledger_.set_vswitches(vswitches);
    after_change();
}

void EniPool::put_eni(const EniRecord& record, bool ready) {
    const MutexLock lock(mutex_);
    ledger_.put_eni(record, ready);
    after_change();
}

void EniPool::owe(const PendingCall& call) {
    const MutexLock lock(mutex_);
    ledger_.owe(call);
    after_change();
}

Findings EniPool::compare(const Reading& reading) {
    const MutexLock lock(mutex_);
    auto findings = ledger_.compare(reading, clock_());
    after_change();
    return findings;
}

void EniPool::created(OrderId order, const EniRecord& record) {
    const MutexLock lock(mutex_);
    ledger_.created(order, record, clock_());
    after_change();
}

void EniPool::assigned(OrderId order, const cloud::AddressSet& addresses) {
    const MutexLock lock(mutex_);
    ledger_.assigned(order, addresses, clock_());
    after_change();
}

void EniPool::prepared(OrderId order, std::uint32_t ifindex) {
    const MutexLock lock(mutex_);
    ledger_.prepared(order, ifindex);
    after_change();
}

void EniPool::done(OrderId order) {
    const MutexLock lock(mutex_);
    ledger_.done(order, clock_());
    after_change();
}

void EniPool::failed(OrderId order, const Failure& failure) {
    const MutexLock lock(mutex_);
    ledger_.failed(order, failure, clock_());
    after_change();
}

void EniPool::progress(OrderId order, const std::string& eni, const std::string& state) {
    const MutexLock lock(mutex_);
    ledger_.progress(order, eni, state);
}

void EniPool::setback(OrderId order, const std::string& reason) {
    const MutexLock lock(mutex_);
    ledger_.setback(order, reason);
}

Change EniPool::changes() const {
    const MutexLock lock(mutex_);
    return ledger_.book().changes();
}

std::set<std::string> EniPool::under_way() const {
    const MutexLock lock(mutex_);
    return ledger_.under_way();
}

std::optional<EniRecord> EniPool::record(const std::string& eni) const {
    const MutexLock lock(mutex_);
    return ledger_.book().enis().contains(eni) ? std::optional(ledger_.book().record(eni))
                                               : std::nullopt;
}

std::optional<cloud::VSwitch> EniPool::vswitch(const std::string& id) const {
    const MutexLock lock(mutex_);
    return ledger_.vswitches().facts(id);
}

bool EniPool::is_used(const std::string& eni) const {
    const MutexLock lock(mutex_);
    return ledger_.book().is_used(eni);
}

bool EniPool::knows_limits() const {
    const MutexLock lock(mutex_);
    return knows_limits_;
}

}  // namespace terway::pool
