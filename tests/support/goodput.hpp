// How much TCP gets through: connections that send as fast as they may.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/address.hpp"
#include "base/fd.hpp"
#include "base/time.hpp"
#include "patience.hpp"

namespace terway::test {

// Sends from one namespace to an address in another until destruction. What arrives is counted
// while somebody waits in read_for(). Throws Error if a connection cannot be made.
class Torrent {
public:
    Torrent(int from_netns, int to_netns, const IpAddress& to, unsigned flows = 1);
    ~Torrent();
    Torrent(const Torrent&) = delete;
    Torrent& operator=(const Torrent&) = delete;

    struct Window {
        std::uint64_t bytes = 0;
        double seconds = 0;

        [[nodiscard]] double bits_per_second() const { return 8.0 * double(bytes) / seconds; }
    };
    Window read_for(std::chrono::milliseconds time);
    // Since before the first byte was sent.
    [[nodiscard]] Window whole() const;
    [[nodiscard]] const std::vector<std::uint64_t>& bytes_by_flow() const noexcept { return got_; }

private:
    void send_all(const std::stop_token& stop);

    Clock::time_point begin_;
    std::vector<Fd> senders_;
    std::vector<Fd> receivers_;
    std::vector<std::uint64_t> got_;
    std::jthread thread_;
};

// Empty if the torrent keeps to a limit in bits a second: never more than that and
// the burst since it began, and in some window nearly all of it. Else what it did instead.
[[nodiscard]] std::string breach(
    Torrent& torrent, double limit, double burst_bits,
    std::chrono::milliseconds patience_limit = std::chrono::seconds(20));

// True once a window has clearly more than a limit.
[[nodiscard]] bool exceeds(Torrent& torrent, double limit,
                           std::chrono::milliseconds patience_limit = std::chrono::seconds(20));

}  // namespace terway::test
