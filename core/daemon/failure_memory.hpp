// How it goes with bringing something to the modules: the failure that lasts, and since when.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.hpp"
#include "base/time.hpp"

namespace terway::daemon {

// A monitor. Any thread.
class FailureMemory {
public:
    struct Failure {
        Deadline since;
        unsigned times = 0;  // at least 1
        std::string text;
    };

    // `what` is for the log: "policies".
    explicit FailureMemory(std::string what) : what_(std::move(what)) {}

    // Of an attempt; empty: it did not fail. Logs what is new.
    void note(const std::string& failure);
    [[nodiscard]] std::optional<Failure> lasting() const;
    // "policies are stale: REASON" if it has lasted that long, else empty.
    [[nodiscard]] std::string trouble_after(std::chrono::milliseconds span) const;

private:
    const std::string what_;
    mutable Mutex mutex_;
    std::optional<Failure> failure_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::daemon
