// TCP connections and echo requests between namespaces.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/address.hpp"
#include "base/fd.hpp"
#include "patience.hpp"

namespace terway::test {

// An established TCP connection from one namespace to an address in another. Throws Error if it
// cannot be made in time.
class Stream {
public:
    // Port 0: any.
    Stream(int from_netns, int to_netns, const IpAddress& to,
           std::chrono::milliseconds limit = patience(), std::uint16_t port = 0);

    // Sends the text forth, then back. False if that takes longer or the connection breaks.
    [[nodiscard]] bool carries(const std::string& text,
                               std::chrono::milliseconds limit = patience()) const;
    // Whom the server sees.
    [[nodiscard]] IpAddress client_address() const;

private:
    Fd client_;
    Fd server_;
};

// One ICMP echo request; true if the reply comes in time.
[[nodiscard]] bool ping(int netns_fd, const IpAddress& to,
                        std::chrono::milliseconds limit = patience());

}  // namespace terway::test
