// Does a packet get from one namespace to another?
#pragma once

#include <chrono>
#include <cstdint>

#include "base/address.hpp"

namespace terway::conformance {

// What is sent, and to where. Each probe uses sockets of its own, so that connection tracking
// remembers nothing of earlier ones.
struct Probe {
    int from_netns = -1;
    int to_netns = -1;
    IpAddress to;
    std::uint16_t port = 4242;
};

// True once one UDP datagram has arrived; sends one every 20 ms until the time is up.
[[nodiscard]] bool arrives(const Probe& probe, std::chrono::milliseconds patience);
// True once one has arrived and its answer has come back.
[[nodiscard]] bool is_answered(const Probe& probe, std::chrono::milliseconds patience);

}  // namespace terway::conformance
