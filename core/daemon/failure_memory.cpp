#include "daemon/failure_memory.hpp"

#include "base/log.hpp"

namespace terway::daemon {

void FailureMemory::note(const std::string& failure) {
    const MutexLock lock(mutex_);
    if (failure.empty()) {
        if (failure_) {
            log::info(what_ + " are in force again");
        }
        failure_.reset();
        return;
    }
    if (!failure_ || failure_->text != failure) {
        log::error(what_ + " could not be put in force", {{"reason", failure}});
    }
    failure_ = Failure{failure_ ? failure_->since : Clock::now(),
                       failure_ ? failure_->times + 1 : 1, failure};
}

std::optional<FailureMemory::Failure> FailureMemory::lasting() const {
    const MutexLock lock(mutex_);
    return failure_;
}

std::string FailureMemory::trouble_after(std::chrono::milliseconds span) const {
    const auto failed = lasting();
    return failed && Clock::now() - failed->since >= span ? what_ + " are stale: " + failed->text
                                                          : "";
}

}  // namespace terway::daemon
