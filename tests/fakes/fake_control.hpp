// A daemon that answers control requests and does nothing else.
#pragma once

#include <string>
#include <thread>

#include "base/fd.hpp"
#include "base/mutex.hpp"

namespace terway::fakes {

// Whatever is asked, the answer is the same.
class FakeControl {
public:
    // Listens at `path`; replaces what lies there.
    FakeControl(const std::string& path, std::string answer);
    ~FakeControl();
    FakeControl(const FakeControl&) = delete;
    FakeControl& operator=(const FakeControl&) = delete;

    void say(std::string answer);
    // How often it was asked since it last got something new to say.
    [[nodiscard]] int questions() const;

private:
    void serve();

    const std::string path_;
    const Fd listener_;
    mutable Mutex mutex_;
    std::string answer_ TERWAY_GUARDED_BY(mutex_);
    int questions_ TERWAY_GUARDED_BY(mutex_) = 0;
    std::jthread thread_;
};

}  // namespace terway::fakes
