// Sockets of the traffic generators. Whatever waits gives up after kPatience with an Error.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/address.hpp"
#include "base/fd.hpp"

namespace terway::bench {

inline constexpr std::uint16_t kTrafficPort = 5201;

// All in the calling thread's network namespace.
[[nodiscard]] Fd listen_tcp(Family family);
[[nodiscard]] Fd bind_udp(Family family);
[[nodiscard]] Fd connect_udp(const IpAddress& to);
// Nothing if it is refused or nobody answers.
[[nodiscard]] Fd try_connect_tcp(const IpAddress& to);
// Throws Error.
[[nodiscard]] Fd connect_tcp(const IpAddress& to);
[[nodiscard]] Fd accept_tcp(const Fd& listener);

// Closing it sends a reset: no port waits for the last of it.
void close_hard(Fd socket);
// One byte. False if the other end has closed.
[[nodiscard]] bool receive_byte(const Fd& socket);
void send_byte(const Fd& socket);

}  // namespace terway::bench
