#include "netlink/conntrack.hpp"

#include <endian.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <vector>

#include "netlink/nfnetlink.hpp"
#include "netlink/parse.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(const nlattr* attribute) {
    if (attribute == nullptr) {
        return {};
    }
    const auto* data = static_cast<const std::uint8_t*>(nla_data(attribute));
    return {data, data + nla_len(attribute)};
}

std::uint16_t port_of(nlattr* attribute) {
    return attribute == nullptr ? 0 : be16toh(nla_get_u16(attribute));
}

// Nothing for what has no addresses.
std::optional<TrackedWay> way_of(nlattr* tuple, std::uint8_t family, std::uint8_t* protocol) {
    const auto parts = parse_nest<CTA_TUPLE_MAX + 1>(tuple);
    const auto ip = parse_nest<CTA_IP_MAX + 1>(parts[CTA_TUPLE_IP]);
    const auto proto = parse_nest<CTA_PROTO_MAX + 1>(parts[CTA_TUPLE_PROTO]);
    const bool v4 = family == AF_INET;
    const auto source = address_of(family, ip[v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC]);
    const auto destination = address_of(family, ip[v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST]);
    if (!source || !destination) {
        return std::nullopt;
    }
    *protocol = proto[CTA_PROTO_NUM] == nullptr ? 0 : nla_get_u8(proto[CTA_PROTO_NUM]);
    return TrackedWay{*source, *destination, port_of(proto[CTA_PROTO_SRC_PORT]),
                      port_of(proto[CTA_PROTO_DST_PORT])};
}

bool concerns(nlattr* tuple, std::uint8_t family, std::span<const IpAddress> addresses) {
    const auto parts = parse_nest<CTA_TUPLE_MAX + 1>(tuple);
    const auto ip = parse_nest<CTA_IP_MAX + 1>(parts[CTA_TUPLE_IP]);
    const bool v4 = family == AF_INET;
    return std::any_of(addresses.begin(), addresses.end(), [&](const IpAddress& address) {
        return address_of(family, ip[v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC]) == address ||
               address_of(family, ip[v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST]) == address;
    });
}

Message conntrack_message(int verb, std::uint8_t family) {
    return nfnetlink_message(nfnetlink_type(NFNL_SUBSYS_CTNETLINK, verb), family);
}

using TrackedAttributes = std::array<nlattr*, CTA_MAX + 1>;

TrackedName name_of(const TrackedAttributes& attributes) {
    return {bytes_of(attributes[CTA_TUPLE_ORIG]), bytes_of(attributes[CTA_ZONE]),
            bytes_of(attributes[CTA_ID])};
}

// `take` answers what it wants of a connection, if it wants anything.
template <class Wanted, class Take>
std::vector<Wanted> list(Socket& socket, std::uint8_t family, const Take& take) {
    auto message = conntrack_message(IPCTNL_MSG_CT_GET, family);
    std::vector<Wanted> all;
    const auto collect = [&](const nlmsghdr& entry) {
        if (auto wanted = take(parse<CTA_MAX + 1>(entry, sizeof(nfgenmsg)))) {
            all.push_back(std::move(*wanted));
        }
    };
    try {
        socket.dump(
            message, "list tracked connections", [&] { all.clear(); }, collect);
    } catch (const Error& error) {
        if (error.sys_errno() != EINVAL && error.sys_errno() != EOPNOTSUPP) {
            throw;
        }
        all.clear();
    }
    return all;
}

bool forget(Socket& socket, std::uint8_t family, const TrackedName& connection) {
    auto message = conntrack_message(IPCTNL_MSG_CT_DELETE, family);
    message.put(CTA_TUPLE_ORIG | NLA_F_NESTED, connection.tuple);
    if (!connection.zone.empty()) {
        message.put(CTA_ZONE, connection.zone);
    }
    if (!connection.id.empty()) {
        message.put(CTA_ID, connection.id);
    }
    return socket.request_tolerating(message, "forget a tracked connection", {ENOENT}) == 0;
}

}  // namespace

std::size_t flush_conntrack(Socket& socket, std::span<const IpAddress> addresses) {
    std::size_t forgotten = 0;
    for (const auto family : {Family::V4, Family::V6}) {
        const bool wanted = std::any_of(addresses.begin(), addresses.end(),
                                        [&](const auto& each) { return each.family() == family; });
        if (!wanted) {
            continue;
        }
        const auto take = [&](const TrackedAttributes& attributes) {
            const bool is_meant = concerns(attributes[CTA_TUPLE_ORIG], af(family), addresses) ||
                                  concerns(attributes[CTA_TUPLE_REPLY], af(family), addresses);
            return is_meant ? std::optional(name_of(attributes)) : std::nullopt;
        };
        for (const auto& connection : list<TrackedName>(socket, af(family), take)) {
            forgotten += forget(socket, af(family), connection) ? 1U : 0U;
        }
    }
    return forgotten;
}

std::vector<TrackedConnection> tracked_connections(
    Socket& socket, Family family, const std::function<bool(const Tracked&)>& is_meant) {
    return list<TrackedConnection>(
        socket, af(family),
        [&](const TrackedAttributes& attributes) -> std::optional<TrackedConnection> {
            Tracked tracked;
            const auto original = way_of(attributes[CTA_TUPLE_ORIG], af(family), &tracked.protocol);
            const auto reply = way_of(attributes[CTA_TUPLE_REPLY], af(family), &tracked.protocol);
            if (!original || !reply) {
                return std::nullopt;
            }
            tracked.original = *original;
            tracked.reply = *reply;
            if (!is_meant(tracked)) {
                return std::nullopt;
            }
            return TrackedConnection{tracked, name_of(attributes)};
        });
}

bool forget_connection(Socket& socket, const TrackedConnection& connection) {
    return forget(socket, af(connection.what.original.source.family()), connection.name);
}

bool forget_connection(Socket& socket, const TrackedWay& way, std::uint8_t protocol) {
    const auto family = way.source.family();
    const bool v4 = family == Family::V4;
    auto message = conntrack_message(IPCTNL_MSG_CT_DELETE, af(family));
    const auto port = [&](int attribute, std::uint16_t number) {
        message.u16(attribute, htobe16(number));
    };
    message.nest(CTA_TUPLE_ORIG, [&] {
        message.nest(CTA_TUPLE_IP, [&] {
            message.put(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, way.source.bytes());
            message.put(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, way.destination.bytes());
        });
        message.nest(CTA_TUPLE_PROTO, [&] {
            message.u8(CTA_PROTO_NUM, protocol);
            port(CTA_PROTO_SRC_PORT, way.source_port);
            port(CTA_PROTO_DST_PORT, way.destination_port);
        });
    });
    return socket.request_tolerating(message, "forget a tracked connection", {ENOENT}) == 0;
}

void expect_conntrack(Socket& socket) {
    auto message = conntrack_message(IPCTNL_MSG_CT_GET, AF_INET);
    socket.dump(
        message, "list tracked connections", [] {}, [](const nlmsghdr&) {});
}

}  // namespace terway::netlink
