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
    return {*this, key};
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
