#include "sim/hop.hpp"

namespace terway::sim {

IpAddress far_end(Family family) {
    return *IpAddress::parse(family == Family::V4 ? "169.254.0.1" : "fe80::2");
}

void ensure_far_end(netlink::Socket& socket, std::uint32_t link, const Mac& mac) {
    for (const auto family : {Family::V4, Family::V6}) {
        netlink::ensure_neighbour(socket, {link, far_end(family), mac, true});
    }
}

netlink::Route through(const Prefix& destination, std::uint32_t link) {
    netlink::Route route;
    route.destination = destination;
    route.gateway = far_end(destination.family());
    route.oif = link;
    route.onlink = true;
    return route;
}

}  // namespace terway::sim
