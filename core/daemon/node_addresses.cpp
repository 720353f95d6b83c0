#include "daemon/node_addresses.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "netlink/route.hpp"
#include "netlink/socket.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using Interfaces = std::unique_ptr<ifaddrs, decltype(&freeifaddrs)>;

Interfaces interfaces() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) {
        throw system_error("list the node's addresses", errno);
    }
    return {first, &freeifaddrs};
}

std::optional<IpAddress> global_address(const sockaddr* raw, Family family) {
    if (raw == nullptr) {
        return std::nullopt;
    }
    if (family == Family::V4 && raw->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(raw);
        return IpAddress(family, {reinterpret_cast<const std::uint8_t*>(&v4->sin_addr), 4});
    }
    if (family == Family::V6 && raw->sa_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(raw);
        if (!IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) {
            return IpAddress(family, v6->sin6_addr.s6_addr);
        }
    }
    return std::nullopt;
}

std::optional<IpAddress> address_on(const ifaddrs* first, const std::string& link, Family family) {
    for (const auto* each = first; each != nullptr; each = each->ifa_next) {
        if (link == each->ifa_name) {
            if (auto address = global_address(each->ifa_addr, family)) {
                return address;
            }
        }
    }
    return std::nullopt;
}

}  // namespace

std::vector<Prefix> node_addresses() {
    netlink::Socket socket;
    const auto all = interfaces();
    std::vector<Prefix> found;
    for (const auto* any : {"0.0.0.0/0", "::/0"}) {
        const auto prefix = Prefix::parse(any).value();
        const auto route = netlink::find_route(socket, prefix);
        std::array<char, IF_NAMESIZE> name{};
        if (!route || ::if_indextoname(route->oif, name.data()) == nullptr) {
            continue;
        }
        if (const auto address = address_on(all.get(), name.data(), prefix.family())) {
            found.push_back(Prefix::host(*address));
        }
    }
    return found;
}

}  // namespace terway::daemon
