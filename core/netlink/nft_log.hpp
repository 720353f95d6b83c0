// Packets that rules of nftables log to a group, of one network namespace. Library terway_nft.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "netlink/socket.hpp"

namespace terway::netlink::nft {

// Whether the kernel takes rules that log. Leaves nothing behind. Throws Error.
[[nodiscard]] bool can_log(Socket& socket);

// Valid while it is told.
struct Logged {
    std::string_view prefix;
    std::uint32_t in_ifindex = 0;  // 0: none
    std::uint32_t out_ifindex = 0;
    std::uint64_t time_ns = 0;             // since the epoch; 0: the kernel did not say
    std::span<const std::uint8_t> packet;  // its beginning, from the network header on
    std::uint64_t lost = 0;                // before this one, for want of room
};

// One listener a group and namespace. One thread at a time.
class LogSocket {
public:
    // `socket` is a NETLINK_NETFILTER one of its own.
    explicit LogSocket(Socket socket) : socket_(std::move(socket)) {}

    // From now on packets come. Throws Error, with EPERM or EBUSY if somebody else listens.
    void listen(std::uint16_t group);
    // Nobody listens any more; the kernel logs nothing then.
    void leave(std::uint16_t group);
    // Tells what has come so far, or much of it, and does not wait. Throws Error.
    void read(const std::function<void(const Logged&)>& heard);

    [[nodiscard]] int fd() const noexcept { return socket_.fd(); }

private:
    void tell(const nlmsghdr& message, const std::function<void(const Logged&)>& heard);

    Socket socket_;
    std::uint32_t next_ = 0;  // number of the packet that comes next
};

}  // namespace terway::netlink::nft
