#include "daemon/policy_inbox.hpp"

#include <utility>

namespace terway::daemon {
void PolicyInbox::synced(Kind kind) {
    const MutexLock lock(mutex_);
    synced_ |= bit(kind);
    refusals_.erase(kind);
    changed_.notify_one();
}

void PolicyInbox::refused(Kind kind, std::string reason) {
    const MutexLock lock(mutex_);
    if ((synced_ & bit(kind)) == 0) {
        refusals_.insert_or_assign(kind, std::move(reason));
    }
}

std::string PolicyInbox::refusal() const {
    const MutexLock lock(mutex_);
    return refusals_.empty() ? "" : refusals_.begin()->second;
}

void PolicyInbox::tell(SeatNews news) {
    const MutexLock lock(mutex_);
    news_.seats.push_back(std::move(news));
    changed_.notify_one();
}

bool PolicyInbox::is_synced() const {
    return (synced_ & awaited_) == awaited_;
}

bool PolicyInbox::has_news() const {
    return news_.size() != 0 || (is_synced() && !told_synced_);
}

PolicyNews PolicyInbox::take(const std::stop_token& stop, Deadline deadline) {
    const MutexLock lock(mutex_);
    (void)changed_.wait(mutex_, stop, deadline,
                        [this]() TERWAY_REQUIRES(mutex_) { return has_news(); });
    auto all = std::exchange(news_, {});
    all.is_synced = is_synced();
    told_synced_ = all.is_synced;
    return all;
}

std::size_t PolicyInbox::size() const {
    const MutexLock lock(mutex_);
    return news_.size();
}

}  // namespace terway::daemon
