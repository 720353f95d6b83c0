// Notices calls into modules that do not return in time. A thread cannot be killed, so all that can
// be done is to carry on without it, and to give up the process when too many are gone.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <stop_token>
#include <string>
#include <thread>

#include "base/mutex.hpp"
#include "base/time.hpp"

namespace terway::host {

// One thread of its own, named "watchdog". Every public function: any thread. Callbacks run on the
// watchdog's thread without a lock, must not throw, and must not wait for a watched call to end.
class Watchdog {
public:
    // `changed` is told the number of lost calls each time it changes; `give_up` is called once,
    // when more than `max_lost` are lost at the same time.
    Watchdog(std::size_t max_lost, std::function<void(std::size_t)> changed,
             std::function<void()> give_up);
    // No call may be watched any more.
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    // Watches from construction until finish or destruction.
    class Watch {
    public:
        // `overdue` runs at most once, when `deadline` has passed.
        Watch(Watchdog& watchdog, Deadline deadline, std::function<void()> overdue);
        ~Watch();
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        // Ends the watch; true if the call had been declared lost. `overdue` does not run any more
        // after this, and does not run right now.
        bool finish();

    private:
        friend class Watchdog;
        enum class State { Watched, Firing, Lost, Finished };
        Watchdog& watchdog_;
        const Deadline deadline_;
        const std::function<void()> overdue_;
        State state_ TERWAY_GUARDED_BY(watchdog_.mutex_) = State::Watched;
    };

    // Calls that are overdue and have not returned.
    [[nodiscard]] std::size_t lost() const;

private:
    void run(const std::stop_token& stop);
    void fire(Watch& watch);

    const std::size_t max_lost_;
    const std::function<void(std::size_t)> changed_;
    const std::function<void()> give_up_;
    mutable Mutex mutex_;
    Condition wake_;
    Condition fired_;
    std::list<Watch*> watches_ TERWAY_GUARDED_BY(mutex_);
    std::size_t lost_ TERWAY_GUARDED_BY(mutex_) = 0;
    bool gave_up_ TERWAY_GUARDED_BY(mutex_) = false;
    std::jthread thread_;
};

}  // namespace terway::host
