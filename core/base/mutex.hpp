// A mutex the compiler can reason about: clang's -Wthread-safety checks TERWAY_GUARDED_BY.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "base/time.hpp"

#if defined(__clang__)
#define TERWAY_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define TERWAY_THREAD_ATTRIBUTE(x)
#endif
#define TERWAY_GUARDED_BY(mutex) TERWAY_THREAD_ATTRIBUTE(guarded_by(mutex))
#define TERWAY_REQUIRES(...) TERWAY_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))

namespace terway {

class TERWAY_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
public:
    void lock() TERWAY_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
    void unlock() TERWAY_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

class TERWAY_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
public:
    explicit MutexLock(Mutex& mutex) TERWAY_THREAD_ATTRIBUTE(acquire_capability(mutex))
        : mutex_(mutex) {
        mutex_.lock();
    }
    ~MutexLock() TERWAY_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

private:
    Mutex& mutex_;
};

// Every wait takes a stop token and a deadline. The caller holds `mutex` and, as with any condition
// variable, holds it again on return.
class Condition {
public:
    void notify_one() { condition_.notify_one(); }
    void notify_all() { condition_.notify_all(); }
    // True once `ready` holds; false when the deadline passed or a stop was requested first.
    template <class Ready>
    bool wait(Mutex& mutex, const std::stop_token& stop, Deadline deadline, Ready ready)
        TERWAY_REQUIRES(mutex) {
        return condition_.wait_until(mutex, stop, deadline, ready);
    }

private:
    std::condition_variable_any condition_;
};

}  // namespace terway
