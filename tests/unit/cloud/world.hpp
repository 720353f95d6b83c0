// Effects under a test's hand: time passes only by waiting, and waiting takes no time.
#pragma once

#include <mutex>
#include <vector>

#include "cloud/effects.hpp"
#include "cloud/utc.hpp"

namespace terway::cloud {

class World {
public:
    [[nodiscard]] Effects effects() {
        Effects effects;
        effects.wall = [this] { return now(); };
        effects.steady = [this] { return Deadline(now().time_since_epoch()); };
        effects.pause = [this](std::chrono::milliseconds span, const Patience& patience) {
            return pause(span, patience);
        };
        effects.fraction = [] { return 0.0; };
        effects.nonce = [this] {
            const std::lock_guard lock(mutex_);
            return "nonce-" + std::to_string(++nonces_);
        };
        return effects;
    }
    [[nodiscard]] WallTime now() const {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    void advance(std::chrono::milliseconds span) {
        const std::lock_guard lock(mutex_);
        now_ += span;
    }
    [[nodiscard]] std::vector<std::chrono::milliseconds> pauses() const {
        const std::lock_guard lock(mutex_);
        return pauses_;
    }
    // After so many pauses patience ends.
    void end_patience_after(std::size_t pauses) { limit_ = pauses; }

private:
    bool pause(std::chrono::milliseconds span, const Patience& patience) {
        const std::lock_guard lock(mutex_);
        if (patience.stop.stop_requested() || pauses_.size() >= limit_) {
            return false;
        }
        pauses_.push_back(span);
        now_ += span;
        return true;
    }

    mutable std::mutex mutex_;
    WallTime now_ = parse_utc("2026-01-01T00:00:00Z").value();
    std::vector<std::chrono::milliseconds> pauses_;
    std::size_t limit_ = 100;
    int nonces_ = 0;
};

[[nodiscard]] inline Patience a_while() {
    return {{}, after(std::chrono::seconds(30))};
}

}  // namespace terway::cloud
