#include "cloud/call_log.hpp"

namespace terway::cloud {

void CallLog::record(const std::string& action, const std::string& code, const std::string& error,
                     WallTime when, std::chrono::duration<double> took) {
    const std::string outcome = code.empty() ? "ok" : code;
    {
        const MutexLock lock(mutex_);
        auto& log = actions_[action];
        ++log.calls;
        ++log.outcomes[outcome];
        log.seconds += took.count();
        if (!code.empty()) {
            log.last_error = error;
            log.last_error_at = when;
        }
    }
    if (metrics_ != nullptr) {
        metrics_
            ->counter("terway_cloud_calls_total", "calls sent to the cloud's API",
                      {{"action", action}, {"code", outcome}})
            .increment();
        metrics_
            ->histogram("terway_cloud_call_seconds", "how long the cloud's API took to answer",
                        {{"action", action}})
            .observe(took.count());
    }
}

std::map<std::string, ActionLog> CallLog::snapshot() const {
    const MutexLock lock(mutex_);
    return actions_;
}

}  // namespace terway::cloud
