#include "pool/pool.hpp"

#include <algorithm>
#include <utility>

#include "terway/error.hpp"

namespace terway::pool {
namespace {

// The wall clock may be set while somebody waits by the steady one.
constexpr std::chrono::seconds kLongestNap{1};

bool names_family(const Addresses& wanted, Family family) {
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const auto& each) { return each.family() == family; });
}

std::string text(const CidrCount& count) {
    return std::to_string(count.used) + " in use, " + std::to_string(count.cooling) + " cooling";
}

}  // namespace

Pool::Pool(const std::vector<Prefix>& cidrs, std::chrono::milliseconds cool_down, WallClock clock)
    : clock_(std::move(clock)), ledger_(cidrs, cool_down) {}

Addresses Pool::lease(const Owner& owner, const std::stop_token& stop, Deadline deadline,
                      const Addresses& wanted) {
    const MutexLock lock(mutex_);
    serve();
    if (auto addresses = ledger_.lease(owner, clock_(), wanted)) {
        return *addresses;
    }
    check_hope(owner, wanted, deadline);
    const auto me = waiters_.emplace(waiters_.end(), owner, wanted);
    appoint_timekeeper();
    await_news(*me, stop, deadline);
    auto given = std::move(me->given);
    waiters_.erase(me);
    appoint_timekeeper();
    if (!given) {
        throw Error(Status::Retry,
                    owner +
                        (stop.stop_requested() ? ": the daemon stops"
                                               : ": no address became free in time") +
                        "; " + numbers());
    }
    return std::move(*given);
}

void Pool::await_news(Waiter& me, const std::stop_token& stop, Deadline deadline) {
    while (!me.given && !stop.stop_requested() && Clock::now() < deadline) {
        const bool keeping = me.keeps_time;
        me.news.wait(mutex_, stop, keeping ? std::min(deadline, next_look()) : deadline,
                     [&] { return me.given.has_value() || me.keeps_time != keeping; });
        if (!me.given) {
            serve();
        }
    }
}

Deadline Pool::next_look() const {
    const auto event = ledger_.next_event();
    if (!event) {
        return after(kLongestNap);
    }
    const auto nap = std::max(*event - clock_(), std::chrono::milliseconds::zero());
    return after(std::min<std::chrono::milliseconds>(kLongestNap, nap));
}

void Pool::serve() {
    const auto now = clock_();
    ledger_.expire(now);
    bool exhausted = false;
    for (auto& waiter : waiters_) {
        if (waiter.given || (exhausted && waiter.wanted.empty())) {
            continue;
        }
        waiter.given = ledger_.lease(waiter.owner, now, waiter.wanted);
        if (waiter.given) {
            waiter.news.notify_one();
        } else if (waiter.wanted.empty()) {
            exhausted = true;
        }
    }
    appoint_timekeeper();
}

void Pool::appoint_timekeeper() {
    const auto oldest = std::find_if(waiters_.begin(), waiters_.end(),
                                     [](const auto& waiter) { return !waiter.given; });
    if (oldest != waiters_.end() && !oldest->keeps_time) {
        oldest->keeps_time = true;
        oldest->news.notify_one();
    }
}

void Pool::check_hope(const Owner& me, const Addresses& wanted, Deadline deadline) const {
    const auto horizon = clock_() + left(deadline);
    for (const auto& address : wanted) {
        if (const auto owner = ledger_.owner_of(address)) {
            throw Error(Status::Retry,
                        "wanted address " + address.text() + " is in use by " + *owner);
        }
        if (ledger_.cools_until(address) > horizon && ledger_.last_owner_of(address) != me) {
            throw Error(Status::Retry, "wanted address " + address.text() +
                                           " was in use until recently and cools "
                                           "down beyond the request's deadline");
        }
    }
    const auto counts = ledger_.counts();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (names_family(wanted, counts[i].cidr.family())) {
            continue;
        }
        const auto earlier = waiting();
        if (ledger_.free_by(i, horizon) <= earlier) {
            throw Error(Status::Retry,
                        "pod CIDR " + counts[i].cidr.text() + " is exhausted: " + text(counts[i]) +
                            (earlier == 0 ? "" : ", " + std::to_string(earlier) + " waiting"));
        }
    }
}

std::size_t Pool::waiting() const {
    return static_cast<std::size_t>(std::count_if(
        waiters_.begin(), waiters_.end(), [](const auto& waiter) { return !waiter.given; }));
}

std::string Pool::numbers() const {
    std::string out;
    for (const auto& count : ledger_.counts()) {
        out += (out.empty() ? "pod CIDR " : ", pod CIDR ") + count.cidr.text() + ": " + text(count);
    }
    return out;
}

void Pool::claim(const Owner& owner, const Addresses& addresses) {
    const MutexLock lock(mutex_);
    ledger_.claim(owner, addresses);
}

std::vector<CoolingAddress> Pool::release(const Owner& owner) {
    const MutexLock lock(mutex_);
    auto released = ledger_.release(owner, clock_());
    serve();
    return released;
}

void Pool::give_back(const Owner& owner) {
    const MutexLock lock(mutex_);
    ledger_.give_back(owner);
    serve();
}

void Pool::hold(const Addresses& addresses) {
    const MutexLock lock(mutex_);
    ledger_.hold(addresses);
}

void Pool::unhold(const Addresses& addresses) {
    const MutexLock lock(mutex_);
    ledger_.unhold(addresses, clock_());
    serve();
}

void Pool::restore_cooling(const IpAddress& address, WallTime until) {
    const MutexLock lock(mutex_);
    ledger_.restore_cooling(address, until, clock_());
}

std::vector<CoolingAddress> Pool::cooling() const {
    const MutexLock lock(mutex_);
    return ledger_.cooling();
}

WallTime Pool::cool_until() const {
    const MutexLock lock(mutex_);
    return clock_() + ledger_.cool_down();
}

void Pool::tick() {
    const MutexLock lock(mutex_);
    serve();
}

PoolCount Pool::counts() {
    const MutexLock lock(mutex_);
    serve();
    return {ledger_.counts(), ledger_.used_outside(), waiting()};
}

}  // namespace terway::pool
