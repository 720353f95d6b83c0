// Does a packet get from one namespace to another?
#pragma once

#include <chrono>
#include <cstdint>

#include "base/address.hpp"
#include "base/fd.hpp"

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

// Answers each datagram that comes to an address and port.
class Listener {
public:
    Listener(int netns_fd, const IpAddress& at, std::uint16_t port);
    // Whether something had come.
    bool answer();
    [[nodiscard]] int fd() const { return socket_.get(); }

private:
    Fd socket_;
};

// A connection to an address and port, whoever answers there.
class Flow {
public:
    Flow(int netns_fd, const IpAddress& to, std::uint16_t port);
    // True once a datagram has come to the listener and its answer, from where the flow leads to,
    // has come back.
    [[nodiscard]] bool is_answered(Listener& by, std::chrono::milliseconds patience);
    // True once it is told that nobody is there.
    [[nodiscard]] bool is_refused(std::chrono::milliseconds patience);

private:
    Fd socket_;
};

}  // namespace terway::conformance
