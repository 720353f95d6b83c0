// Sees when links are gone, without asking: by the kernel's notifications.
#pragma once

#include <cstdint>
#include <set>
#include <thread>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace terway::bench {

// Watches from its making on, on a thread of its own.
class LinkWatch {
public:
    // The links with these indices, in that namespace. Throws Error.
    LinkWatch(int netns, std::set<std::uint32_t> indices);
    ~LinkWatch();

    // When the last of them went. Throws Error if some are still there after half a minute.
    [[nodiscard]] Clock::time_point await();

private:
    void run(const std::stop_token& stop);

    Fd socket_;
    std::set<std::uint32_t> alive_;  // the thread's, until it ends
    Clock::time_point gone_;
    std::jthread thread_;
};

}  // namespace terway::bench
