// Addresses, routes and neighbours (rules: rule.hpp). ensure_* and remove_* are idempotent.
#pragma once

#include <linux/rtnetlink.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink {

// IPv6 addresses are usable at once (no duplicate address detection). `scope` is for IPv4 only.
void ensure_address(Socket& socket, std::uint32_t ifindex, const Prefix& address,
                    std::uint8_t scope = RT_SCOPE_UNIVERSE);
void remove_address(Socket& socket, std::uint32_t ifindex, const Prefix& address);
// All of a link, link-local ones included.
[[nodiscard]] std::vector<Prefix> addresses(Socket& socket, std::uint32_t ifindex);

struct Route {
    Prefix destination;  // 0.0.0.0/0 or ::/0 for the default route
    std::optional<IpAddress> gateway;
    std::uint32_t oif = 0;
    std::uint32_t table = RT_TABLE_MAIN;
    std::uint8_t scope = RT_SCOPE_UNIVERSE;  // IPv4 only
    std::uint8_t type = RTN_UNICAST;         // RTN_UNREACHABLE, RTN_BLACKHOLE, ...
    std::uint8_t protocol = RTPROT_STATIC;
    bool onlink = false;  // the gateway needs no route of its own
    std::uint32_t priority = 0;
    std::optional<IpAddress> source;

    bool operator==(const Route&) const = default;
};

// Adds the route or replaces the one with the same destination, table and priority.
void ensure_route(Socket& socket, const Route& route);
// False if there is one with the same destination, table and priority already; that one stays.
bool add_route(Socket& socket, const Route& route);
// False if there was none.
bool remove_route(Socket& socket, const Route& route);
// What the kernel would use for a destination in `table`; compares destination exactly.
[[nodiscard]] std::optional<Route> find_route(Socket& socket, const Prefix& destination,
                                              std::uint32_t table = RT_TABLE_MAIN);
[[nodiscard]] std::vector<Route> routes(Socket& socket, Family family,
                                        std::uint32_t table = RT_TABLE_MAIN);

struct Neighbour {
    std::uint32_t ifindex = 0;
    IpAddress address;
    Mac mac;
    bool permanent = true;

    bool operator==(const Neighbour&) const = default;
};
void ensure_neighbour(Socket& socket, const Neighbour& neighbour);
bool remove_neighbour(Socket& socket, const Neighbour& neighbour);
// Of one link and family.
[[nodiscard]] std::vector<Neighbour> neighbours(Socket& socket, Family family,
                                                std::uint32_t ifindex);
// Addresses a link answers for although they are elsewhere: by ARP where it forwards, by neighbour
// discovery where its sysctl proxy_ndp says so, too.
void ensure_proxy(Socket& socket, std::uint32_t ifindex, const IpAddress& address);
bool remove_proxy(Socket& socket, std::uint32_t ifindex, const IpAddress& address);
// Of one link and family.
[[nodiscard]] std::vector<IpAddress> proxies(Socket& socket, Family family, std::uint32_t ifindex);
// Removes what any link knows of an address, learned or permanent; answers how many there were. For
// an address that changes hands.
std::size_t remove_neighbours(Socket& socket, const IpAddress& address);

}  // namespace terway::netlink
