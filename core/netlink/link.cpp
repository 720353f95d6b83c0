#include "netlink/link.hpp"

#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "terway/error.hpp"

namespace terway::netlink {
namespace {

using LinkAttributes = std::array<nlattr*, IFLA_MAX + 1>;

// What the kernel tells of a link's IPv4 settings: numbers, the first one has number 1.
bool accepts_local(const nlattr* families) {
    const auto inside = [](const nlattr* nest, int attribute) -> const nlattr* {
        return nest == nullptr
                   ? nullptr
                   : nla_find(static_cast<const nlattr*>(nla_data(nest)), nla_len(nest), attribute);
    };
    const nlattr* conf = inside(inside(families, AF_INET), IFLA_INET_CONF);
    constexpr std::size_t kAt = (IPV4_DEVCONF_ACCEPT_LOCAL - 1) * sizeof(std::uint32_t);
    std::uint32_t value = 0;
    if (conf == nullptr || static_cast<std::size_t>(nla_len(conf)) < kAt + sizeof value) {
        return false;
    }
    std::memcpy(&value, static_cast<const char*>(nla_data(conf)) + kAt, sizeof value);
    return value != 0;
}

Link parse_link(const nlmsghdr& message) {
    const auto* info = static_cast<const ifinfomsg*>(nlmsg_data(&message));
    LinkAttributes attributes{};
    nlmsg_parse(const_cast<nlmsghdr*>(&message), sizeof(ifinfomsg), attributes.data(), IFLA_MAX,
                nullptr);
    const auto u32 = [&](int attribute) {
        return attributes[static_cast<std::size_t>(attribute)] != nullptr
                   ? nla_get_u32(attributes[static_cast<std::size_t>(attribute)])
                   : 0U;
    };
    const auto text = [&](const nlattr* attribute) {
        return attribute != nullptr ? std::string(nla_get_string(attribute)) : std::string();
    };
    Link link;
    link.index = static_cast<std::uint32_t>(info->ifi_index);
    link.up = (info->ifi_flags & IFF_UP) != 0;
    link.arp = (info->ifi_flags & IFF_NOARP) == 0;
    link.name = text(attributes[IFLA_IFNAME]);
    link.alias = text(attributes[IFLA_IFALIAS]);
    link.mtu = u32(IFLA_MTU);
    link.group = u32(IFLA_GROUP);
    link.trusts_sources = accepts_local(attributes[IFLA_AF_SPEC]);
    link.peer_index = u32(IFLA_LINK);
    link.master = u32(IFLA_MASTER);
    link.tx_queues = std::max(u32(IFLA_NUM_TX_QUEUES), 1U);
    constexpr std::uint8_t kOperUp = 6;  // IF_OPER_UP, RFC 2863
    link.running =
        attributes[IFLA_OPERSTATE] != nullptr && nla_get_u8(attributes[IFLA_OPERSTATE]) == kOperUp;
    link.carrier = attributes[IFLA_CARRIER] != nullptr && nla_get_u8(attributes[IFLA_CARRIER]) != 0;
    if (const auto* mac = attributes[IFLA_ADDRESS]; mac != nullptr && nla_len(mac) == 6) {
        std::copy_n(static_cast<const std::uint8_t*>(nla_data(mac)), 6, link.mac.bytes.begin());
    }
    if (attributes[IFLA_LINKINFO] != nullptr) {
        std::array<nlattr*, IFLA_INFO_MAX + 1> kind{};
        nla_parse_nested(kind.data(), IFLA_INFO_MAX, attributes[IFLA_LINKINFO], nullptr);
        link.kind = text(kind[IFLA_INFO_KIND]);
    }
    return link;
}

Message get_link(std::uint32_t index, const std::string& name) {
    Message message(RTM_GETLINK);
    ifinfomsg info{};
    info.ifi_index = static_cast<int>(index);
    message.header(info);
    if (index == 0) {
        message.text(IFLA_IFNAME, name);
    }
    message.u32(IFLA_EXT_MASK, 1U << 3U);  // RTEXT_FILTER_SKIP_STATS
    return message;
}

std::optional<Link> find(Socket& socket, std::uint32_t index, const std::string& name,
                         const std::string& what) {
    Message message = get_link(index, name);
    std::optional<Link> found;
    socket.get(message, what, [&](const nlmsghdr& reply) { found = parse_link(reply); });
    return found;
}

void put_veth_end(Message& message, const VethEnd& end) {
    message.text(IFLA_IFNAME, end.name);
    if (end.mac) {
        message.put(IFLA_ADDRESS, end.mac->bytes);
    }
    if (end.mtu != 0) {
        message.u32(IFLA_MTU, end.mtu);
    }
    if (end.group != 0) {
        message.u32(IFLA_GROUP, end.group);
    }
    if (end.netns_fd >= 0) {
        message.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(end.netns_fd));
    }
    // Unasked, the kernel makes a queue for every CPU and at once takes all but one away again,
    // which costs two RCU grace periods.
    message.u32(IFLA_NUM_TX_QUEUES, 1);
    message.u32(IFLA_NUM_RX_QUEUES, 1);
}

// `index` 0: the kernel's choice.
void request_ipvlan(Socket& socket, const IpvlanSlave& slave, std::uint32_t index) {
    Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    ifinfomsg info{};
    info.ifi_index = static_cast<int>(index);
    message.header(info);
    message.text(IFLA_IFNAME, slave.name);
    message.u32(IFLA_LINK, slave.parent);
    if (slave.netns_fd >= 0) {
        message.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(slave.netns_fd));
    }
    if (slave.mtu != 0) {
        message.u32(IFLA_MTU, slave.mtu);
    }
    message.nest(IFLA_LINKINFO, [&] {
        message.text(IFLA_INFO_KIND, "ipvlan");
        message.nest(IFLA_INFO_DATA, [&] { message.u16(IFLA_IPVLAN_MODE, IPVLAN_MODE_L2); });
    });
    socket.request(message,
                   "create link " + slave.name + " on link " + std::to_string(slave.parent));
}

bool remove(Socket& socket, Message& message, const std::string& what) {
    return socket.request_tolerating(message, what, {ENODEV, ENOENT, ESRCH}) == 0;
}

std::string index_text(std::uint32_t index) {
    return "with index " + std::to_string(index);
}

void put_families(Message& message, const LinkChange& change) {
    if (change.no_ipv6_link_local) {
        message.nest(AF_INET6,
                     [&] { message.u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE); });
    }
    if (change.trust_sources) {
        message.nest(AF_INET, [&] {
            message.nest(IFLA_INET_CONF, [&] {
                message.u32(IPV4_DEVCONF_ACCEPT_LOCAL, *change.trust_sources ? 1 : 0);
                if (*change.trust_sources) {
                    message.u32(IPV4_DEVCONF_RP_FILTER, 0);
                }
            });
        });
    }
}

}  // namespace

std::optional<Link> find_link(Socket& socket, const std::string& name) {
    return find(socket, 0, name, "find link " + name);
}

std::optional<Link> find_link(Socket& socket, std::uint32_t index) {
    return find(socket, index, "", "find the link " + index_text(index));
}

std::vector<Link> links(Socket& socket) {
    Message message(RTM_GETLINK);
    message.header(ifinfomsg{});
    std::vector<Link> all;
    socket.dump(
        message, "list links", [&] { all.clear(); },
        [&](const nlmsghdr& entry) {
            if (entry.nlmsg_type == RTM_NEWLINK) {
                all.push_back(parse_link(entry));
            }
        });
    return all;
}

std::optional<Link> find_nic(Socket& socket, const Mac& mac) {
    std::optional<Link> found;
    for (auto& link : links(socket)) {
        if (link.mac == mac && (link.kind.empty() || (link.kind == "veth" && !found))) {
            found = std::move(link);
        }
    }
    return found;
}

void create_veth(Socket& socket, const VethEnd& end, const VethEnd& peer) {
    Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    message.header(ifinfomsg{});
    put_veth_end(message, end);
    message.nest(IFLA_LINKINFO, [&] {
        message.text(IFLA_INFO_KIND, "veth");
        message.nest(IFLA_INFO_DATA, [&] {
            message.nest(VETH_INFO_PEER, [&] {
                message.header(ifinfomsg{});
                put_veth_end(message, peer);
            });
        });
    });
    socket.request(message, "create link " + end.name + " with peer " + peer.name);
}

void create_ipvlan(Socket& socket, const IpvlanSlave& slave) {
    if (slave.netns_fd < 0) {
        request_ipvlan(socket, slave, 0);
        return;
    }
    // The kernel looks for a link of that name in the socket's namespace, where an "eth0" is no
    // hindrance, unless the request names an index; so it names one that is free there.
    constexpr std::uint32_t kFirstIndex = 1'000'000;
    constexpr std::uint32_t kAttempts = 64;
    for (auto index = kFirstIndex; index < kFirstIndex + kAttempts; ++index) {
        try {
            request_ipvlan(socket, slave, index);
            return;
        } catch (const Error& error) {
            const bool taken_there = error.sys_errno() == EBUSY;
            const bool taken_here = error.sys_errno() == EEXIST && find_link(socket, index);
            if (!taken_there && !taken_here) {
                throw;
            }
        }
    }
    throw Error(Status::Retry, "create link " + slave.name + ": no index is free for it");
}

void change_link(Socket& socket, std::uint32_t index, const LinkChange& change) {
    Message message(RTM_NEWLINK);
    ifinfomsg info{};
    info.ifi_index = static_cast<int>(index);
    if (change.up) {
        info.ifi_change |= IFF_UP;
        info.ifi_flags |= *change.up ? IFF_UP : 0;
    }
    if (change.arp) {
        info.ifi_change |= IFF_NOARP;
        info.ifi_flags |= *change.arp ? 0 : IFF_NOARP;
    }
    message.header(info);
    const auto u32 = [&](int attribute, const std::optional<std::uint32_t>& value) {
        if (value) {
            message.u32(attribute, *value);
        }
    };
    u32(IFLA_MTU, change.mtu);
    u32(IFLA_GROUP, change.group);
    u32(IFLA_MASTER, change.master);
    if (change.name) {
        message.text(IFLA_IFNAME, *change.name);
    }
    if (change.alias) {
        message.put(IFLA_IFALIAS, change.alias->data(), change.alias->size());
    }
    if (change.mac) {
        message.put(IFLA_ADDRESS, change.mac->bytes);
    }
    if (change.netns_fd) {
        message.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(*change.netns_fd));
    }
    if (change.no_ipv6_link_local || change.trust_sources) {
        message.nest(IFLA_AF_SPEC, [&] { put_families(message, change); });
    }
    socket.request(message, "change the link " + index_text(index));
}

bool remove_link(Socket& socket, const std::string& name) {
    Message message(RTM_DELLINK);
    message.header(ifinfomsg{});
    message.text(IFLA_IFNAME, name);
    return remove(socket, message, "remove link " + name);
}

bool remove_link(Socket& socket, std::uint32_t index) {
    Message message(RTM_DELLINK);
    ifinfomsg info{};
    info.ifi_index = static_cast<int>(index);
    message.header(info);
    return remove(socket, message, "remove the link " + index_text(index));
}

bool remove_links_of_group(Socket& socket, std::uint32_t group) {
    Message message(RTM_DELLINK);
    message.header(ifinfomsg{});
    message.u32(IFLA_GROUP, group);
    return remove(socket, message, "remove the links of group " + std::to_string(group));
}

}  // namespace terway::netlink
