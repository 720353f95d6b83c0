// The thread that deletes what nobody needs any more, and looks for elements that somebody changed.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "backend.hpp"
#include "base/mutex.hpp"

namespace terway::felix {

// It lives as long as this.
class Upkeep {
public:
    using Warn = std::function<void(const std::string&)>;

    // Borrows `mutex` and what it guards, the backend, which may be null for a while. `warn` is
    // called by the thread, which looks at elements every `look_every`, or less often where that
    // would take more than a tenth of the time.
    Upkeep(Mutex& mutex, const std::unique_ptr<Backend>& backend, Warn warn,
           std::chrono::milliseconds look_every = std::chrono::seconds(60));
    Upkeep(const Upkeep&) = delete;
    Upkeep& operator=(const Upkeep&) = delete;

    // After what may leave something to delete. The caller holds the mutex.
    void wake() {
        is_due_ = true;
        condition_.notify_one();
    }

private:
    void run(const std::stop_token& stop);
    // Both answer when to come again.
    [[nodiscard]] Deadline sweep() TERWAY_REQUIRES(mutex_);
    [[nodiscard]] Deadline look() TERWAY_REQUIRES(mutex_);

    Mutex& mutex_;
    const std::unique_ptr<Backend>& backend_ TERWAY_GUARDED_BY(mutex_);
    Warn warn_;
    std::chrono::milliseconds look_every_;
    Condition condition_;
    std::atomic<bool> is_due_ = false;
    std::jthread thread_;  // the last: it ends first
};

}  // namespace terway::felix
