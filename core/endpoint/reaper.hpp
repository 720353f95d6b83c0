// Deletes retired links, many with one request.
//
// One veth deletion costs the kernel some 27 ms of waiting under its global lock, a hundred by link
// group 42 ms. So a retired link is only stamped with a group; a thread of its own gathers for a
// moment and then deletes the group.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "host/host_api.hpp"

namespace terway::endpoint {

// Made on a thread in the host's network namespace. Any thread.
class Reaper final : public host::LinkReaper {
public:
    // Begins by deleting what an earlier process left in the group. Borrows `metrics`.
    explicit Reaper(Metrics& metrics);
    ~Reaper() override;  // deletes what is left to delete

    void retire(std::uint32_t ifindex) override;
    [[nodiscard]] bool await(Deadline deadline) override;
    // Runs `then` when every link retired so far is gone, on the reaper's thread; at once, on this
    // one, if they are. It must not throw.
    void after_retired(std::function<void()> then);

private:
    void run(const std::stop_token& stop);
    void gather(const std::stop_token& stop) TERWAY_REQUIRES(mutex_);
    bool reap();

    Metrics& metrics_;
    Mutex mutex_;
    Condition wake_;
    Condition reaped_;
    // Links are counted, not listed: the group knows them. The leftovers count as one.
    static constexpr std::uint64_t kLeftovers = 1;
    std::uint64_t retired_ TERWAY_GUARDED_BY(mutex_) = kLeftovers;
    std::uint64_t gone_ TERWAY_GUARDED_BY(mutex_) = 0;
    std::vector<std::pair<std::uint64_t, std::function<void()>>> then_ TERWAY_GUARDED_BY(mutex_);
    std::jthread thread_;
};

}  // namespace terway::endpoint
