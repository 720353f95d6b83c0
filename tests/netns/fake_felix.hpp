// What is seen of a calico-felix: a port that tells whether it is ready, and files of the pods it
// knows.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "base/fd.hpp"

namespace terway::test {

class FakeFelix {
public:
    static constexpr const char* kHealth = "http://127.0.0.1:9099/readiness";

    // It does not run yet. The directory is made when it does.
    FakeFelix(int netns_fd, std::string status_dir);
    ~FakeFelix();
    FakeFelix(const FakeFelix&) = delete;
    FakeFelix& operator=(const FakeFelix&) = delete;

    // Listens, and is not ready.
    void start();
    void set_ready(bool is_ready) { is_ready_ = is_ready; }
    // The rules of the pod "default/POD" are in force.
    void tell_of(const std::string& pod) const;

    [[nodiscard]] const std::string& status_dir() const noexcept { return status_dir_; }

private:
    void serve(const std::stop_token& stop) const;

    int netns_fd_;
    const std::string status_dir_;
    Fd listener_;
    std::atomic<bool> is_ready_{false};
    std::jthread thread_;
};

}  // namespace terway::test
