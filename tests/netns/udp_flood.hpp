// As many datagrams as go, to a port that is denied and to one that is allowed, and what arrives.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "base/address.hpp"
#include "traffic.hpp"

namespace terway::test {

inline constexpr std::uint16_t kOpenPort = 80;
inline constexpr std::uint16_t kShutPort = 81;

// Counts what arrives in a namespace, in the kernel, so that nobody has to keep up; and answers
// nobody, so that every packet is one that opens a connection.
class Arrivals {
public:
    // The namespace must outlive it. Throws Error.
    explicit Arrivals(int netns_fd);
    [[nodiscard]] std::uint64_t open() const { return read("open"); }
    [[nodiscard]] std::uint64_t shut() const { return read("shut"); }

private:
    [[nodiscard]] std::uint64_t read(const std::string& counter) const;

    int netns_fd_;
};

// Sends one to each port in turn.
class Flood {
public:
    Flood(int netns_fd, const IpAddress& source, const IpAddress& to);
    // To each port.
    [[nodiscard]] std::uint64_t sent() const { return sent_.load(); }
    // How many were sent in all.
    std::uint64_t stop();

private:
    Udp socket_;
    std::atomic<std::uint64_t> sent_{0};
    std::jthread thread_;
};

}  // namespace terway::test
