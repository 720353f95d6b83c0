// Small talk between namespaces: real packets through real sockets.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <thread>

#include "base/address.hpp"
#include "base/fd.hpp"
#include "base/time.hpp"

namespace terway::sim::demo {

// Dual stack, all addresses. Throws Error.
[[nodiscard]] Fd listen_in(int netns_fd, std::uint16_t port);
// A TCP connection, blocking from then on. Throws Error when none comes about before the deadline.
[[nodiscard]] Fd connect_in(int netns_fd, const IpAddress& server, std::uint16_t port,
                            Deadline deadline);

// Listens inside a namespace and answers every line with "<client address> <line>".
class EchoServer {
public:
    // Dual stack, all addresses. Throws Error.
    EchoServer(int netns_fd, std::uint16_t port);
    ~EchoServer();
    EchoServer(const EchoServer&) = delete;
    EchoServer& operator=(const EchoServer&) = delete;

private:
    Fd listener_;
    Fd wake_;
    std::thread thread_;
};

// A TCP connection to an EchoServer.
class Conversation {
public:
    // Throws Error when no connection comes about before the deadline.
    Conversation(int netns_fd, const IpAddress& server, std::uint16_t port, Deadline deadline);
    // Sends a line; answers who the server says we are. Throws Error.
    [[nodiscard]] std::string say(const std::string& line, Deadline deadline);

private:
    Fd stream_;
};

// UDP: sends from `source`, which need not be the sender's own, with a raw socket inside the
// namespace; true if `payload` arrives at `receiver` (bound, any address) before the deadline.
// IPv4 only.
[[nodiscard]] Fd udp_receiver(int netns_fd, std::uint16_t port);
void send_udp_from(int netns_fd, const IpAddress& source, const IpAddress& destination,
                   std::uint16_t port, const std::string& payload);
[[nodiscard]] bool arrives(int receiver, const std::string& payload, Deadline deadline);

}  // namespace terway::sim::demo
