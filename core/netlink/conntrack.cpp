#include "netlink/conntrack.hpp"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "netlink/parse.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

using Bytes = std::vector<std::uint8_t>;

// What names a connection to the kernel.
struct Connection {
    Bytes tuple;
    Bytes zone;
    Bytes id;
};

Bytes bytes_of(const nlattr* attribute) {
    if (attribute == nullptr) {
        return {};
    }
    const auto* data = static_cast<const std::uint8_t*>(nla_data(attribute));
    return {data, data + nla_len(attribute)};
}

template <std::size_t Size>
std::array<nlattr*, Size> parse_nest(nlattr* nest) {
    std::array<nlattr*, Size> attributes{};
    if (nest != nullptr) {
        nla_parse_nested(attributes.data(), static_cast<int>(Size) - 1, nest, nullptr);
    }
    return attributes;
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
    Message message((NFNL_SUBSYS_CTNETLINK << 8) | verb);
    nfgenmsg header{};
    header.nfgen_family = family;
    header.version = NFNETLINK_V0;
    message.header(header);
    return message;
}

std::vector<Connection> connections(Socket& socket, std::uint8_t family,
                                    std::span<const IpAddress> addresses) {
    auto message = conntrack_message(IPCTNL_MSG_CT_GET, family);
    std::vector<Connection> all;
    const auto collect = [&](const nlmsghdr& entry) {
        const auto attributes = parse<CTA_MAX + 1>(entry, sizeof(nfgenmsg));
        if (concerns(attributes[CTA_TUPLE_ORIG], family, addresses) ||
            concerns(attributes[CTA_TUPLE_REPLY], family, addresses)) {
            all.push_back({bytes_of(attributes[CTA_TUPLE_ORIG]), bytes_of(attributes[CTA_ZONE]),
                           bytes_of(attributes[CTA_ID])});
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

bool forget(Socket& socket, std::uint8_t family, const Connection& connection) {
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
        for (const auto& connection : connections(socket, af(family), addresses)) {
            forgotten += forget(socket, af(family), connection) ? 1U : 0U;
        }
    }
    return forgotten;
}

}  // namespace terway::netlink
