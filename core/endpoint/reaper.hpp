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

#include "base/address.hpp"
#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "host/host_api.hpp"

namespace terway::endpoint {

// Made on a thread in the host's network namespace. Any thread.
class Reaper final : public host::LinkReaper {
public:
    // Begins by deleting what an earlier process left in the group. Borrows `metrics`.
    explicit Reaper(Metrics& metrics);
    ~Reaper() override;

    // Who is told of addresses whose links are gone, once for many. To be set before the first
    // release_after_retired(); must not throw.
    using Released = std::function<void(const std::vector<IpAddress>&)>;
    void on_release(Released released);
    // Deletes what is left to delete and ends the thread; nobody is told of anything any more.
    void finish();

    void retire(std::uint32_t ifindex) override;
    [[nodiscard]] bool await(Deadline deadline) override;
    // The addresses are released when every link retired so far is gone, on the reaper's thread; at
    // once, on this one, if they are.
    void release_after_retired(const std::vector<IpAddress>& addresses);

private:
    void run(const std::stop_token& stop);
    void gather(const std::stop_token& stop) TERWAY_REQUIRES(mutex_);
    bool reap();
    // Those that wait for links up to that number.
    [[nodiscard]] std::vector<IpAddress> take_due(std::uint64_t until) TERWAY_REQUIRES(mutex_);

    Metrics& metrics_;
    Mutex mutex_;
    Condition wake_;
    Condition reaped_;
    // Links are counted, not listed: the group knows them. The leftovers count as one.
    static constexpr std::uint64_t kLeftovers = 1;
    std::uint64_t retired_ TERWAY_GUARDED_BY(mutex_) = kLeftovers;
    std::uint64_t gone_ TERWAY_GUARDED_BY(mutex_) = 0;
    std::vector<std::pair<std::uint64_t, IpAddress>> waiting_ TERWAY_GUARDED_BY(mutex_);
    Released released_ TERWAY_GUARDED_BY(mutex_) = [](const auto&) {};
    std::jthread thread_;
};

}  // namespace terway::endpoint
