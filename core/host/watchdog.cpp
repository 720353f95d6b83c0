#include "host/watchdog.hpp"

#include <pthread.h>

#include <iterator>
#include <utility>

namespace terway::host {
namespace {

// An idle watchdog looks around this often, for no reason but that every wait has an end.
constexpr std::chrono::hours kIdle{1};

}  // namespace

Watchdog::Watchdog(std::size_t max_lost, std::function<void(int)> changed,
                   std::function<void()> give_up)
    : max_lost_(max_lost),
      changed_(std::move(changed)),
      give_up_(std::move(give_up)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {
    ::pthread_setname_np(thread_.native_handle(), "watchdog");
}

std::size_t Watchdog::lost() const {
    const MutexLock lock(mutex_);
    return lost_;
}

void Watchdog::run(const std::stop_token& stop) {
    while (Entry* entry = await_overdue(stop)) {
        fire(*entry);
    }
}

Watchdog::Entry* Watchdog::await_overdue(const std::stop_token& stop) {
    const MutexLock lock(mutex_);
    while (!stop.stop_requested()) {
        Entry* next = nullptr;
        for (auto& entry : entries_) {
            if (entry.state == State::Watched &&
                (next == nullptr || entry.deadline < next->deadline)) {
                next = &entry;
            }
        }
        if (next != nullptr && next->deadline <= Clock::now()) {
            next->state = State::Firing;
            ++lost_;
            return next;
        }
        // `next` may be gone when the wait is over. Most calls come and go meanwhile, with later
        // deadlines; they must not cost a wake-up each.
        const Deadline until = next == nullptr ? after(kIdle) : next->deadline;
        next_look_ = until;
        sooner_.wait(mutex_, stop, until,
                     [&]() TERWAY_REQUIRES(mutex_) { return next_look_ < until; });
    }
    return nullptr;
}

void Watchdog::fire(Entry& entry) {
    changed_(+1);
    entry.overdue();
    bool too_many = false;
    {
        const MutexLock lock(mutex_);
        too_many = lost_ > max_lost_ && !gave_up_;
        gave_up_ = gave_up_ || too_many;
        // From here on the entry may vanish.
        entry.state = State::Lost;
        fired_.notify_all();
    }
    if (too_many) {
        give_up_();
    }
}

Watchdog::Entries::iterator Watchdog::add(Deadline deadline, std::function<void()> overdue) {
    const MutexLock lock(mutex_);
    entries_.push_back({deadline, std::move(overdue)});
    if (deadline < next_look_) {
        next_look_ = deadline;
        sooner_.notify_one();
    }
    return std::prev(entries_.end());
}

bool Watchdog::remove(Entries::iterator entry) {
    bool was_lost = false;
    {
        const MutexLock lock(mutex_);
        while (!fired_.wait(mutex_, {}, after(kIdle), [&]() TERWAY_REQUIRES(mutex_) {
            return entry->state != State::Firing;
        })) {
        }
        was_lost = entry->state == State::Lost;
        lost_ -= was_lost ? 1 : 0;
        entries_.erase(entry);
    }
    if (was_lost) {
        changed_(-1);
    }
    return was_lost;
}

Watchdog::Watch::Watch(Watchdog& watchdog, Deadline deadline, std::function<void()> overdue)
    : watchdog_(watchdog), entry_(watchdog.add(deadline, std::move(overdue))) {}

Watchdog::Watch::~Watch() {
    finish();
}

bool Watchdog::Watch::finish() {
    if (!lost_) {
        lost_ = watchdog_.remove(entry_);
    }
    return *lost_;
}

}  // namespace terway::host
