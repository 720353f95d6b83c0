// One operation at a time for one endpoint.
#pragma once

#include <map>
#include <stop_token>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "endpoint/record.hpp"

namespace terway::endpoint {

// A monitor. Any thread.
class KeyLock {
public:
    // Holds the key until destruction.
    class Guard {
    public:
        ~Guard();
        Guard(Guard&&) = delete;
        // The holder is stuck in a module: whoever waits for the key, now or later, is refused at
        // once until the holder comes back. Any thread.
        void abandon();
        // Whether somebody wants the key so much that the holder had better stop waiting.
        [[nodiscard]] std::stop_token interruption() const;

    private:
        friend class KeyLock;
        Guard(KeyLock& owner, EndpointKey key) : owner_(owner), key_(std::move(key)) {}
        KeyLock& owner_;
        const EndpointKey key_;
    };

    // Waits for the key. Throws Error(Retry) when its holder is stuck, the deadline passes, or a
    // stop is requested.
    [[nodiscard]] Guard lock(const EndpointKey& key, const std::stop_token& stop,
                             Deadline deadline);
    // Asks the present holder, if there is one, to stop waiting; it may go on all the same.
    void interrupt(const EndpointKey& key);

private:
    struct Entry {
        std::stop_source interruption;  // of the holder
        std::size_t users = 0;          // holder and waiters
        bool held = false;
        bool abandoned = false;
    };
    Mutex mutex_;
    Condition changed_;
    std::map<EndpointKey, Entry> entries_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::endpoint
