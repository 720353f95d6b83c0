// Real packets for tests: UDP sockets and raw frames in any namespace, bounded waiting.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/fd.hpp"
#include "patience.hpp"

namespace terway::test {

// Polls until `ready`; false when `limit` has passed, made longer as patience() says.
bool eventually(const std::function<bool()>& ready,
                std::chrono::milliseconds limit = std::chrono::seconds(5));

struct Datagram {
    IpAddress from;
    std::string text;
    int ttl = 0;
    std::uint16_t port = 0;  // of the sender
};

// A UDP socket, bound on construction; may be used from any namespace. Throws terway::Error.
class Udp {
public:
    // `foreign` lets the address be one the namespace does not have.
    Udp(int netns_fd, const IpAddress& address, std::uint16_t port, bool foreign = false);

    void send(const IpAddress& to, std::uint16_t port, const std::string& text) const;
    // Empty when `limit` has passed.
    [[nodiscard]] std::optional<Datagram> receive(
        std::chrono::milliseconds limit = patience()) const;
    // The errno an ICMP error has left, 0 if none.
    [[nodiscard]] int error() const;

private:
    Fd fd_;
};

// Raw Ethernet frames of one link.
class Tap {
public:
    Tap(int netns_fd, const std::string& link);

    void send(const std::vector<std::uint8_t>& frame) const;
    // The next inbound frame `wanted` says yes to; empty when `limit` has passed.
    [[nodiscard]] std::optional<std::vector<std::uint8_t>> receive(
        const std::function<bool(const std::vector<std::uint8_t>&)>& wanted,
        std::chrono::milliseconds limit = patience()) const;

private:
    Fd fd_;
    int link_ = 0;
};

}  // namespace terway::test
