// Notices calls into modules that do not return in time. A thread cannot be killed, so all that can
// be done is to carry on without it, and to give up the process when too many are gone.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/mutex.hpp"
#include "base/time.hpp"

namespace terway::host {

// One thread of its own, named "watchdog". Every public function: any thread. Callbacks run on the
// watchdog's thread without a lock, must not throw, and must not wait for a watched call to end.
class Watchdog {
public:
    // `changed` is told +1 when a call is lost and -1 when it returns after all; `give_up` is
    // called once, when more than `max_lost` are lost at the same time.
    Watchdog(std::size_t max_lost, std::function<void(int)> changed, std::function<void()> give_up);
    // No call may be watched any more.
    ~Watchdog() = default;
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    // Calls that are overdue and have not returned.
    [[nodiscard]] std::size_t lost() const;

private:
    enum class State { Watched, Firing, Lost };
    struct Entry {
        Deadline deadline;
        std::function<void()> overdue;
        State state = State::Watched;
    };
    using Entries = std::list<Entry>;

public:
    // Watches a call from construction until finish or destruction.
    class Watch {
    public:
        // `overdue` runs at most once, when `deadline` has passed.
        Watch(Watchdog& watchdog, Deadline deadline, std::function<void()> overdue);
        ~Watch();
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        // Ends the watch; true if the call had been declared lost. `overdue` neither runs after
        // this nor is it still running.
        bool finish();

    private:
        Watchdog& watchdog_;
        Entries::iterator entry_;
        std::optional<bool> lost_;
    };

private:
    void run(const std::stop_token& stop);
    // The next entry past its deadline, marked Firing; null when stopped.
    Entry* await_overdue(const std::stop_token& stop);
    void fire(Entry& entry);
    Entries::iterator add(Deadline deadline, std::function<void()> overdue);
    bool remove(Entries::iterator entry);

    const std::size_t max_lost_;
    const std::function<void(int)> changed_;
    const std::function<void()> give_up_;
    mutable Mutex mutex_;
    Condition sooner_;
    Condition fired_;
    Entries entries_ TERWAY_GUARDED_BY(mutex_);
    // When the thread looks again, if nobody makes it look sooner. It always looks at its start.
    Deadline next_look_ TERWAY_GUARDED_BY(mutex_) = Deadline::min();
    std::size_t lost_ TERWAY_GUARDED_BY(mutex_) = 0;
    bool gave_up_ TERWAY_GUARDED_BY(mutex_) = false;
    std::jthread thread_;
};

}  // namespace terway::host
