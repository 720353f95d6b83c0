// What we asked of the cloud and how it went, counted by action.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"

namespace terway::cloud {

struct ActionLog {
    std::uint64_t calls = 0;                        // each one sent; a repeat counts again
    std::map<std::string, std::uint64_t> outcomes;  // by code; "ok"; "no code"
    std::string last_error;                         // a text without secrets
    WallTime last_error_at{};
    double seconds = 0;  // in all
};

// A monitor; any thread.
class CallLog {
public:
    // With `metrics`, which must outlive the log, every call is also counted there as
    // terway_cloud_calls_total{action,code} and terway_cloud_call_seconds{action}.
    explicit CallLog(Metrics* metrics = nullptr) : metrics_(metrics) {}

    // `code` is empty for a success; `error` then is, too.
    void record(const std::string& action, const std::string& code, const std::string& error,
                WallTime when, std::chrono::duration<double> took);

    [[nodiscard]] std::map<std::string, ActionLog> snapshot() const;

private:
    Metrics* const metrics_;
    mutable Mutex mutex_;
    std::map<std::string, ActionLog> actions_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::cloud
