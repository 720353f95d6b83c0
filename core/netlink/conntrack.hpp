// Connection tracking: forgetting what the node remembers of an address that changes hands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink {

// Deletes every tracked connection one of whose four addresses (source and destination, original
// and reply) is one of `addresses`; answers how many. One listing a family however many addresses.
// `socket` is a NETLINK_NETFILTER one. Throws Error; a kernel without connection tracking tracks
// nothing, so that is no error.
std::size_t flush_conntrack(Socket& socket, std::span<const IpAddress> addresses);

// One direction of a tracked connection; ports are 0 where the protocol has none.
struct TrackedWay {
    IpAddress source;
    IpAddress destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
};

// As it was opened, and as the answers come.
struct Tracked {
    std::uint8_t protocol = 0;  // IANA's number
    TrackedWay original;
    TrackedWay reply;
};

// By which the kernel knows a connection from any other, one with the same addresses and ports
// later on included.
struct TrackedName {
    std::vector<std::uint8_t> tuple;
    std::vector<std::uint8_t> zone;
    std::vector<std::uint8_t> id;
};

struct TrackedConnection {
    Tracked what;
    TrackedName name;
};

// Those of a family that `is_meant` says yes to; none where the kernel does not track. One listing
// of all there are, so it takes a tenth of a second where there are a hundred thousand. `socket` is
// a NETLINK_NETFILTER one. Throws Error.
[[nodiscard]] std::vector<TrackedConnection> tracked_connections(
    Socket& socket, Family family, const std::function<bool(const Tracked&)>& is_meant);

// False if it is gone already.
bool forget_connection(Socket& socket, const TrackedConnection& connection);

// The one, if there is any, to which packets of that protocol that go that way belong, in either
// direction. No listing. False if there is none.
bool forget_connection(Socket& socket, const TrackedWay& way, std::uint8_t protocol);

// Throws Error if the kernel does not tell what it tracks: for who cannot do without.
void expect_conntrack(Socket& socket);

}  // namespace terway::netlink
