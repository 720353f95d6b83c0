// Time that passes only when told to, and what happens in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace terway::bench {

// One thread makes time pass; any may ask how late it is.
class VirtualTime {
public:
    explicit VirtualTime(WallTime start) : now_(start.time_since_epoch().count()) {}

    [[nodiscard]] WallTime now() const { return WallTime(std::chrono::milliseconds(now_.load())); }
    // Happens when time passes `when`, after what was due before and in the order of asking.
    void at(WallTime when, std::function<void()> what) {
        events_.push({when, next_++, std::move(what)});
    }
    // May be called by what happens: then the inner one goes first, and the outer one finds that it
    // is late. `then` follows every event.
    void pass_until(WallTime end, const std::function<void()>& then) {
        while (!events_.empty() && events_.top().when <= end) {
            const auto event = events_.top();
            events_.pop();
            forward(event.when);
            event.what();
            then();
        }
        forward(end);
    }
    void forward(WallTime to) {
        now_ = std::max(now_.load(), std::int64_t{to.time_since_epoch().count()});
    }

private:
    struct Event {
        WallTime when;
        std::uint64_t number;
        std::function<void()> what;
        bool operator<(const Event& other) const {
            return std::pair(when, number) > std::pair(other.when, other.number);
        }
    };

    std::atomic<std::int64_t> now_;
    std::priority_queue<Event> events_;
    std::uint64_t next_ = 0;
};

}  // namespace terway::bench
