// A TCP stream between two namespaces that is as fast as it may be, and how fast that is.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "base/address.hpp"
#include "base/fd.hpp"
#include "base/time.hpp"

namespace terway::sim::demo {

class Flow {
public:
    // Throws Error when no connection comes about before the deadline.
    Flow(int from_netns, int to_netns, const IpAddress& to, std::uint16_t port, Deadline deadline);
    ~Flow();
    Flow(const Flow&) = delete;
    Flow& operator=(const Flow&) = delete;

    // That have arrived.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_.load(); }
    // Bits a second that arrive from now on, for so long.
    [[nodiscard]] double rate(std::chrono::milliseconds span) const;

private:
    Fd receiver_;
    Fd sender_;
    std::atomic<std::uint64_t> bytes_{0};
    std::thread receiving_;
    std::thread sending_;
};

}  // namespace terway::sim::demo
