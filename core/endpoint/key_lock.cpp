#include "endpoint/key_lock.hpp"

#include "terway/error.hpp"

namespace terway::endpoint {

KeyLock::Guard KeyLock::lock(const EndpointKey& key, const std::stop_token& stop,
                             Deadline deadline) {
    const MutexLock lock(mutex_);
    Entry& entry = entries_[key];
    ++entry.users;
    const bool woken =
        changed_.wait(mutex_, stop, deadline, [&entry] { return !entry.held || entry.abandoned; });
    if (!woken || entry.held) {
        const bool stuck = entry.abandoned;
        if (--entry.users == 0) {
            entries_.erase(key);
        }
        throw Error(Status::Retry,
                    "endpoint " + key.text() +
                        (stuck ? ": an earlier request is stuck in a module"
                               : ": an earlier request was not finished before the deadline"));
    }
    entry.held = true;
    entry.interruption = {};
    return {*this, key};
}

void KeyLock::interrupt(const EndpointKey& key) {
    std::stop_source holder(std::nostopstate);
    {
        const MutexLock lock(mutex_);
        const auto found = entries_.find(key);
        if (found == entries_.end() || !found->second.held) {
            return;
        }
        holder = found->second.interruption;
    }
    holder.request_stop();
}

std::stop_token KeyLock::Guard::interruption() const {
    const MutexLock lock(owner_.mutex_);
    return owner_.entries_.at(key_).interruption.get_token();
}

void KeyLock::Guard::abandon() {
    const MutexLock lock(owner_.mutex_);
    owner_.entries_[key_].abandoned = true;
    owner_.changed_.notify_all();
}

KeyLock::Guard::~Guard() {
    const MutexLock lock(owner_.mutex_);
    const auto found = owner_.entries_.find(key_);
    found->second.held = false;
    found->second.abandoned = false;
    if (--found->second.users == 0) {
        owner_.entries_.erase(found);
    }
    owner_.changed_.notify_all();
}

}  // namespace terway::endpoint
