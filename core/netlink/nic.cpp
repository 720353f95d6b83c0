#include "netlink/nic.hpp"

#include <algorithm>

#include "netlink/route.hpp"

namespace terway::netlink {

std::optional<Link> find_uplink(Socket& socket) {
    for (const auto* any : {"0.0.0.0/0", "::/0"}) {
        const auto route = find_route(socket, Prefix::parse(any).value());
        auto link = route && route->oif != 0 ? find_link(socket, route->oif) : std::nullopt;
        if (link) {
            return link;
        }
    }
    return std::nullopt;
}

std::optional<Link> find_nic_at(Socket& socket, std::uint32_t index, const Mac& mac) {
    auto link = index == 0 ? std::nullopt : find_link(socket, index);
    return link && link->mac == mac ? link : std::nullopt;
}

bool is_foreign(const Prefix& address, const std::vector<Prefix>& subnets,
                const std::vector<Prefix>& own) {
    const auto& ip = address.address();
    const bool inside = std::any_of(subnets.begin(), subnets.end(),
                                    [&](const Prefix& subnet) { return subnet.contains(ip); });
    return inside && std::none_of(own.begin(), own.end(),
                                  [&](const Prefix& each) { return each.address() == ip; });
}

void remove_foreign_addresses(Socket& socket, std::uint32_t index,
                              const std::vector<Prefix>& subnets, const std::vector<Prefix>& own) {
    for (const auto& address : addresses(socket, index)) {
        if (is_foreign(address, subnets, own)) {
            remove_address(socket, index, address);
        }
    }
}

}  // namespace terway::netlink
