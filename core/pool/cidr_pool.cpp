#include "pool/cidr_pool.hpp"

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

std::string exhaustion(const CidrLedger& ledger) {
    for (const auto& count : ledger.counts()) {
        if (count.free == 0) {
            return "pod CIDR " + count.cidr.text() + " is exhausted: " + text(count);
        }
    }
    return {};
}

}  // namespace

CidrPool::CidrPool(const std::vector<Prefix>& cidrs, std::chrono::milliseconds cool_down,
                   std::chrono::milliseconds sticky_for, WallClock clock)
    : clock_(std::move(clock)), ledger_(cidrs, cool_down, sticky_for) {}

Lease CidrPool::lease(const Claimant& who, const std::stop_token& stop, Deadline deadline,
                      const Addresses& wanted) {
    const MutexLock lock(mutex_);
    serve();
    if (auto addresses = ledger_.lease(who.owner, clock_(), wanted, who.sticky)) {
        return {*addresses, std::nullopt};
    }
    check_hope(who.owner, wanted, deadline);
    const auto me = waiters_.emplace(waiters_.end(), who, wanted);
    appoint_timekeeper();
    await_news(*me, stop, deadline);
    auto given = std::move(me->given);
    waiters_.erase(me);
    appoint_timekeeper();
    if (!given) {
        throw Error(Status::Retry,
                    who.owner +
                        (stop.stop_requested() ? ": the daemon stops"
                                               : ": no address became free in time") +
                        "; " + numbers());
    }
    return {std::move(*given), std::nullopt};
}

void CidrPool::await_news(Waiter& me, const std::stop_token& stop, Deadline deadline) {
    while (!me.given && !stop.stop_requested() && Clock::now() < deadline) {
        const bool keeping = me.keeps_time;
        me.news.wait(mutex_, stop, keeping ? std::min(deadline, next_look()) : deadline,
                     [&] { return me.given.has_value() || me.keeps_time != keeping; });
        if (!me.given) {
            serve();
        }
    }
}

Deadline CidrPool::next_look() const {
    const auto event = ledger_.next_event();
    if (!event) {
        return after(kLongestNap);
    }
    const auto nap = std::max(*event - clock_(), std::chrono::milliseconds::zero());
    return after(std::min<std::chrono::milliseconds>(kLongestNap, nap));
}

void CidrPool::serve() {
    const auto now = clock_();
    ledger_.expire(now);
    bool exhausted = false;
    for (auto& waiter : waiters_) {
        if (waiter.given || (exhausted && waiter.takes_any())) {
            continue;
        }
        waiter.given = ledger_.lease(waiter.who.owner, now, waiter.wanted, waiter.who.sticky);
        if (waiter.given) {
            waiter.news.notify_one();
        } else if (waiter.takes_any()) {
            exhausted = true;
        }
    }
    appoint_timekeeper();
}

void CidrPool::appoint_timekeeper() {
    const auto oldest = std::find_if(waiters_.begin(), waiters_.end(),
                                     [](const auto& waiter) { return !waiter.given; });
    if (oldest != waiters_.end() && !oldest->keeps_time) {
        oldest->keeps_time = true;
        oldest->news.notify_one();
    }
}

void CidrPool::check_hope(const Owner& me, const Addresses& wanted, Deadline deadline) const {
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

std::size_t CidrPool::waiting() const {
    return static_cast<std::size_t>(std::count_if(
        waiters_.begin(), waiters_.end(), [](const auto& waiter) { return !waiter.given; }));
}

std::string CidrPool::numbers() const {
    std::string out;
    for (const auto& count : ledger_.counts()) {
        out += (out.empty() ? "pod CIDR " : ", pod CIDR ") + count.cidr.text() + ": " + text(count);
    }
    return out;
}

void CidrPool::claim(const Claimant& who, const Addresses& addresses, const std::string& /*eni*/) {
    const MutexLock lock(mutex_);
    ledger_.claim(who.owner, addresses, who.sticky);
}

void CidrPool::restore_cooling(const CoolingAddress& cooling) {
    const MutexLock lock(mutex_);
    ledger_.restore_cooling(cooling, clock_());
}

void CidrPool::release(const Owner& owner) {
    const MutexLock lock(mutex_);
    ledger_.release(owner, clock_());
    serve();
}

void CidrPool::give_back(const Owner& owner) {
    const MutexLock lock(mutex_);
    ledger_.give_back(owner);
    serve();
}

WallTime CidrPool::cool_until(const std::string& sticky) const {
    const MutexLock lock(mutex_);
    return clock_() + ledger_.rest_of(sticky);
}

void CidrPool::hold(const Addresses& addresses) {
    const MutexLock lock(mutex_);
    ledger_.hold(addresses);
}

void CidrPool::unhold(const Addresses& addresses) {
    const MutexLock lock(mutex_);
    ledger_.unhold(addresses, clock_());
    serve();
}

void CidrPool::tick() {
    const MutexLock lock(mutex_);
    serve();
}

CidrLedger CidrPool::ledger_now() const {
    auto copy = ledger_;
    copy.expire(clock_());
    return copy;
}

PoolPicture CidrPool::picture() const {
    const MutexLock lock(mutex_);
    const auto ledger = ledger_now();
    PoolPicture picture;
    picture.cidrs = ledger.counts();
    picture.used_outside = ledger.used_outside();
    const auto fewest = [&](auto member) {
        std::uint64_t out = picture.cidrs.empty() ? 0 : picture.cidrs.front().*member;
        for (const auto& each : picture.cidrs) {
            out = std::min(out, each.*member);
        }
        return out;
    };
    picture.capacity = fewest(&CidrCount::total);
    picture.idle = fewest(&CidrCount::free);
    picture.used = ledger.owners();
    for (const auto& waiter : waiters_) {
        if (!waiter.given) {
            picture.waiting.push_back(waiter.who.owner);
        }
    }
    if (auto text = exhaustion(ledger); !text.empty()) {
        picture.troubles.push_back(std::move(text));
    }
    return picture;
}

std::string CidrPool::trouble() const {
    const MutexLock lock(mutex_);
    return exhaustion(ledger_now());
}

}  // namespace terway::pool
