#include "netlink/route.hpp"

#include <linux/if_addr.h>
#include <linux/neighbour.h>

#include <algorithm>
#include <array>

#include "netlink/parse.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

IpAddress unspecified(std::uint8_t family) {
    static constexpr std::array<std::uint8_t, 16> kZero{};
    return {family == AF_INET ? Family::V4 : Family::V6, kZero};
}

std::string on(std::uint32_t ifindex) {
    return " on link " + std::to_string(ifindex);
}

// -- addresses

Message address_message(int type, int flags, std::uint32_t ifindex, const Prefix& address,
                        std::uint8_t scope = RT_SCOPE_UNIVERSE) {
    Message message(type, flags);
    ifaddrmsg header{};
    header.ifa_family = af(address.family());
    header.ifa_prefixlen = address.length();
    header.ifa_index = ifindex;
    header.ifa_scope = address.is_v4() ? scope : static_cast<std::uint8_t>(RT_SCOPE_UNIVERSE);
    header.ifa_flags = address.is_v4() ? 0 : IFA_F_NODAD;
    message.header(header);
    message.put(IFA_LOCAL, address.address().bytes());
    message.put(IFA_ADDRESS, address.address().bytes());
    return message;
}

// -- routes

Message route_message(int type, int flags, const Route& route) {
    Message message(type, flags);
    const bool v4 = route.destination.is_v4();
    rtmsg header{};
    header.rtm_family = af(route.destination.family());
    header.rtm_dst_len = route.destination.length();
    header.rtm_table = static_cast<std::uint8_t>(route.table < 256 ? route.table : RT_TABLE_UNSPEC);
    header.rtm_protocol = type == RTM_DELROUTE ? 0 : route.protocol;
    header.rtm_scope = v4 ? route.scope : static_cast<std::uint8_t>(RT_SCOPE_UNIVERSE);
    header.rtm_type = route.type;
    header.rtm_flags = route.onlink ? static_cast<unsigned>(RTNH_F_ONLINK) : 0U;
    message.header(header);
    if (route.destination.length() > 0) {
        message.put(RTA_DST, route.destination.address().bytes());
    }
    if (route.gateway) {
        message.put(RTA_GATEWAY, route.gateway->bytes());
    }
    if (route.source) {
        message.put(RTA_PREFSRC, route.source->bytes());
    }
    if (route.oif != 0) {
        message.u32(RTA_OIF, route.oif);
    }
    message.u32(RTA_TABLE, route.table);
    if (route.priority != 0) {
        message.u32(RTA_PRIORITY, route.priority);
    }
    return message;
}

std::string text(const Route& route) {
    std::string out = "route " + route.destination.text();
    if (route.gateway) {
        out += " via " + route.gateway->text();
    }
    if (route.oif != 0) {
        out += on(route.oif);
    }
    return route.table == RT_TABLE_MAIN ? out : out + " in table " + std::to_string(route.table);
}

// -- neighbours

Message neighbour_message(int type, int flags, const Neighbour& neighbour) {
    Message message(type, flags);
    ndmsg header{};
    header.ndm_family = af(neighbour.address.family());
    header.ndm_ifindex = static_cast<int>(neighbour.ifindex);
    header.ndm_state = neighbour.permanent ? NUD_PERMANENT : NUD_REACHABLE;
    message.header(header);
    message.put(NDA_DST, neighbour.address.bytes());
    if (type == RTM_NEWNEIGH) {
        message.put(NDA_LLADDR, neighbour.mac.bytes);
    }
    return message;
}

Message proxy_message(int type, int flags, std::uint32_t ifindex, const IpAddress& address) {
    Message message(type, flags);
    ndmsg header{};
    header.ndm_family = af(address.family());
    header.ndm_ifindex = static_cast<int>(ifindex);
    header.ndm_flags = NTF_PROXY;
    message.header(header);
    message.put(NDA_DST, address.bytes());
    return message;
}

}  // namespace

void ensure_address(Socket& socket, std::uint32_t ifindex, const Prefix& address,
                    std::uint8_t scope) {
    auto message =
        address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, address, scope);
    socket.request(message, "add address " + address.text() + on(ifindex));
}

void remove_address(Socket& socket, std::uint32_t ifindex, const Prefix& address) {
    auto message = address_message(RTM_DELADDR, 0, ifindex, address);
    (void)socket.request_tolerating(message, "remove address " + address.text() + on(ifindex),
                                    {EADDRNOTAVAIL, ENODEV});
}

std::vector<Prefix> addresses(Socket& socket, std::uint32_t ifindex) {
    Message message(RTM_GETADDR);
    ifaddrmsg header{};
    header.ifa_index = ifindex;
    message.header(header);
    std::vector<Prefix> all;
    socket.dump(
        message, "list addresses" + on(ifindex), [&] { all.clear(); },
        [&](const nlmsghdr& entry) {
            const auto* found = static_cast<const ifaddrmsg*>(nlmsg_data(&entry));
            const auto attributes = parse<IFA_MAX + 1>(entry, sizeof(ifaddrmsg));
            const auto* local =
                attributes[IFA_LOCAL] != nullptr ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
            const auto address = address_of(found->ifa_family, local);
            if (found->ifa_index == ifindex && address) {
                all.emplace_back(*address, found->ifa_prefixlen);
            }
        });
    return all;
}

void ensure_route(Socket& socket, const Route& route) {
    auto message = route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
    socket.request(message, "add " + text(route));
}

bool add_route(Socket& socket, const Route& route) {
    auto message = route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
    return socket.request_tolerating(message, "add " + text(route), {EEXIST}) == 0;
}

bool remove_route(Socket& socket, const Route& route) {
    auto message = route_message(RTM_DELROUTE, 0, route);
    return socket.request_tolerating(message, "remove " + text(route), {ESRCH, ENOENT, ENODEV}) ==
           0;
}

std::vector<Route> routes(Socket& socket, Family family, std::uint32_t table) {
    Message message(RTM_GETROUTE);
    rtmsg header{};
    header.rtm_family = af(family);
    message.header(header);
    message.u32(RTA_TABLE, table);
    std::vector<Route> all;
    const auto collect = [&](const nlmsghdr& entry) {
        const auto* found = static_cast<const rtmsg*>(nlmsg_data(&entry));
        const auto attributes = parse<RTA_MAX + 1>(entry, sizeof(rtmsg));
        if ((found->rtm_flags & RTM_F_CLONED) != 0 ||
            u32_or(attributes[RTA_TABLE], found->rtm_table) != table) {
            return;
        }
        Route route;
        route.destination = Prefix(address_of(found->rtm_family, attributes[RTA_DST])
                                       .value_or(unspecified(found->rtm_family)),
                                   found->rtm_dst_len);
        route.gateway = address_of(found->rtm_family, attributes[RTA_GATEWAY]);
        route.source = address_of(found->rtm_family, attributes[RTA_PREFSRC]);
        route.oif = u32_or(attributes[RTA_OIF], 0);
        route.priority = u32_or(attributes[RTA_PRIORITY], 0);
        route.table = table;
        route.scope = found->rtm_scope;
        route.type = found->rtm_type;
        route.protocol = found->rtm_protocol;
        route.onlink = (found->rtm_flags & RTNH_F_ONLINK) != 0;
        all.push_back(route);
    };
    try {
        socket.dump(
            message, "list routes", [&] { all.clear(); }, collect);
    } catch (const Error& error) {
        if (error.sys_errno() != ENOENT) {  // the table does not exist yet
            throw;
        }
        all.clear();
    }
    return all;
}

std::optional<Route> find_route(Socket& socket, const Prefix& destination, std::uint32_t table) {
    for (auto& route : routes(socket, destination.family(), table)) {
        if (route.destination == destination.network()) {
            return route;
        }
    }
    return std::nullopt;
}

void ensure_neighbour(Socket& socket, const Neighbour& neighbour) {
    auto message = neighbour_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour);
    socket.request(message, "add neighbour " + neighbour.address.text() + on(neighbour.ifindex));
}

bool remove_neighbour(Socket& socket, const Neighbour& neighbour) {
    auto message = neighbour_message(RTM_DELNEIGH, 0, neighbour);
    return socket.request_tolerating(
               message, "remove neighbour " + neighbour.address.text() + on(neighbour.ifindex),
               {ENOENT, ESRCH, ENODEV}) == 0;
}

std::vector<Neighbour> neighbours(Socket& socket, Family family, std::uint32_t ifindex) {
    Message message(RTM_GETNEIGH);
    ndmsg header{};
    header.ndm_family = af(family);
    message.header(header);
    message.u32(NDA_IFINDEX, ifindex);
    std::vector<Neighbour> all;
    socket.dump(
        message, "list neighbours" + on(ifindex), [&] { all.clear(); },
        [&](const nlmsghdr& entry) {
            const auto* found = static_cast<const ndmsg*>(nlmsg_data(&entry));
            const auto attributes = parse<NDA_MAX + 1>(entry, sizeof(ndmsg));
            const auto address = address_of(found->ndm_family, attributes[NDA_DST]);
            const auto* mac = attributes[NDA_LLADDR];
            if (static_cast<std::uint32_t>(found->ndm_ifindex) != ifindex || !address ||
                mac == nullptr || nla_len(mac) != 6) {
                return;
            }
            Neighbour neighbour{ifindex, *address, {}, (found->ndm_state & NUD_PERMANENT) != 0};
            std::copy_n(static_cast<const std::uint8_t*>(nla_data(mac)), 6,
                        neighbour.mac.bytes.begin());
            all.push_back(neighbour);
        });
    return all;
}

void ensure_proxy(Socket& socket, std::uint32_t ifindex, const IpAddress& address) {
    auto message = proxy_message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, ifindex, address);
    socket.request(message, "answer for " + address.text() + on(ifindex));
}

bool remove_proxy(Socket& socket, std::uint32_t ifindex, const IpAddress& address) {
    auto message = proxy_message(RTM_DELNEIGH, 0, ifindex, address);
    return socket.request_tolerating(message, "answer no more for " + address.text() + on(ifindex),
                                     {ENOENT, ESRCH, ENODEV}) == 0;
}

std::vector<IpAddress> proxies(Socket& socket, Family family, std::uint32_t ifindex) {
    Message message(RTM_GETNEIGH);
    ndmsg header{};
    header.ndm_family = af(family);
    header.ndm_flags = NTF_PROXY;
    message.header(header);
    std::vector<IpAddress> all;
    socket.dump(
        message, "list what is answered for" + on(ifindex), [&] { all.clear(); },
        [&](const nlmsghdr& entry) {
            const auto* found = static_cast<const ndmsg*>(nlmsg_data(&entry));
            const auto attributes = parse<NDA_MAX + 1>(entry, sizeof(ndmsg));
            const auto address = address_of(found->ndm_family, attributes[NDA_DST]);
            if (static_cast<std::uint32_t>(found->ndm_ifindex) == ifindex && address) {
                all.push_back(*address);
            }
        });
    return all;
}

std::size_t remove_neighbours(Socket& socket, const IpAddress& address) {
    Message message(RTM_GETNEIGH);
    ndmsg header{};
    header.ndm_family = af(address.family());
    message.header(header);
    std::vector<Neighbour> found;
    socket.dump(
        message, "list neighbours", [&] { found.clear(); },
        [&](const nlmsghdr& entry) {
            const auto* each = static_cast<const ndmsg*>(nlmsg_data(&entry));
            const auto attributes = parse<NDA_MAX + 1>(entry, sizeof(ndmsg));
            if (address_of(each->ndm_family, attributes[NDA_DST]) == address) {
                found.push_back({static_cast<std::uint32_t>(each->ndm_ifindex), address, {}});
            }
        });
    std::size_t removed = 0;
    for (const auto& neighbour : found) {
        removed += remove_neighbour(socket, neighbour) ? 1U : 0U;
    }
    return removed;
}

}  // namespace terway::netlink
