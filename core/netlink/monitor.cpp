#include "netlink/monitor.hpp"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>

#include "netlink/parse.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

constexpr int kReceiveBuffer = 4 << 20;
// Between two looks at nftables.
constexpr std::chrono::milliseconds kPause{200};

Fd listen(std::initializer_list<int> groups) {
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    if (!fd) {
        throw system_error("open a socket for the kernel's changes", errno);
    }
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer,
                     sizeof kReceiveBuffer) != 0) {
        (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
    }
    sockaddr_nl local{};
    local.nl_family = AF_NETLINK;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
        throw system_error("bind a socket for the kernel's changes", errno);
    }
    for (const int group : groups) {
        if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) !=
            0) {
            throw system_error("listen to the kernel's changes of links and routes", errno);
        }
    }
    return fd;
}

std::string text_of(const nlattr* attribute) {
    return attribute != nullptr ? std::string(nla_get_string(attribute)) : std::string();
}

std::string kind_of(const nlattr* info) {
    const nlattr* kind = info == nullptr ? nullptr
                                         : nla_find(static_cast<const nlattr*>(nla_data(info)),
                                                    nla_len(info), IFLA_INFO_KIND);
    return text_of(kind);
}

Change link_change(const nlmsghdr& message) {
    const auto* info = static_cast<const ifinfomsg*>(nlmsg_data(&message));
    const auto attributes = parse<IFLA_MAX + 1>(message, sizeof(ifinfomsg));
    Change change{.kind = Change::Kind::Link, .removed = message.nlmsg_type == RTM_DELLINK};
    change.ifindex = static_cast<std::uint32_t>(info->ifi_index);
    change.up = (info->ifi_flags & IFF_UP) != 0;
    change.mtu = u32_or(attributes[IFLA_MTU], 0);
    change.name = text_of(attributes[IFLA_IFNAME]);
    change.is_ifb = kind_of(attributes[IFLA_LINKINFO]) == "ifb";
    if (const auto* mac = attributes[IFLA_ADDRESS]; mac != nullptr && nla_len(mac) == 6) {
        std::copy_n(static_cast<const std::uint8_t*>(nla_data(mac)), 6, change.mac.bytes.begin());
    }
    return change;
}

Change address_change(const nlmsghdr& message) {
    const auto* info = static_cast<const ifaddrmsg*>(nlmsg_data(&message));
    const auto attributes = parse<IFA_MAX + 1>(message, sizeof(ifaddrmsg));
    Change change{.kind = Change::Kind::Address, .removed = message.nlmsg_type == RTM_DELADDR};
    change.ifindex = info->ifa_index;
    const auto* local =
        attributes[IFA_LOCAL] != nullptr ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
    if (const auto address = address_of(info->ifa_family, local)) {
        change.prefix = Prefix(*address, info->ifa_prefixlen);
    }
    return change;
}

std::optional<Prefix> prefix_of(std::uint8_t family, const nlattr* attribute, std::uint8_t length) {
    if (const auto address = address_of(family, attribute)) {
        return Prefix(*address, length);
    }
    if (length != 0 || (family != AF_INET && family != AF_INET6)) {
        return std::nullopt;
    }
    return Prefix::parse(family == AF_INET ? "0.0.0.0/0" : "::/0");
}

Change route_change(const nlmsghdr& message) {
    const auto* info = static_cast<const rtmsg*>(nlmsg_data(&message));
    const auto attributes = parse<RTA_MAX + 1>(message, sizeof(rtmsg));
    Change change{.kind = Change::Kind::Route, .removed = message.nlmsg_type == RTM_DELROUTE};
    change.ifindex = u32_or(attributes[RTA_OIF], 0);
    change.table = u32_or(attributes[RTA_TABLE], info->rtm_table);
    change.prefix = prefix_of(info->rtm_family, attributes[RTA_DST], info->rtm_dst_len);
    return change;
}

Change rule_change(const nlmsghdr& message) {
    const auto* info = static_cast<const fib_rule_hdr*>(nlmsg_data(&message));
    const auto attributes = parse<FRA_MAX + 1>(message, sizeof(fib_rule_hdr));
    Change change{.kind = Change::Kind::Rule, .removed = message.nlmsg_type == RTM_DELRULE};
    change.table = u32_or(attributes[FRA_TABLE], info->table);
    change.priority = u32_or(attributes[FRA_PRIORITY], 0);
    change.prefix = prefix_of(info->family, attributes[FRA_SRC], info->src_len);
    if (info->src_len == 0 && info->dst_len != 0) {
        change.prefix = prefix_of(info->family, attributes[FRA_DST], info->dst_len);
    }
    return change;
}

Change tc_change(const nlmsghdr& message) {
    Change change{.kind = Change::Kind::Tc, .removed = true};
    change.ifindex =
        static_cast<std::uint32_t>(static_cast<const tcmsg*>(nlmsg_data(&message))->tcm_ifindex);
    return change;
}

std::optional<Change> change_of(const nlmsghdr& message) {
    switch (message.nlmsg_type) {
        case RTM_NEWLINK:
        case RTM_DELLINK:
            // A bridge tells of its ports with messages of the same type.
            if (static_cast<const ifinfomsg*>(nlmsg_data(&message))->ifi_family != AF_UNSPEC) {
                return std::nullopt;
            }
            return link_change(message);
        case RTM_NEWADDR:
        case RTM_DELADDR:
            return address_change(message);
        case RTM_NEWROUTE:
        case RTM_DELROUTE:
            return route_change(message);
        case RTM_NEWRULE:
        case RTM_DELRULE:
            return rule_change(message);
        case RTM_DELQDISC:
        case RTM_DELTFILTER:
            return tc_change(message);
        default:
            return std::nullopt;
    }
}

}  // namespace

Monitor::Monitor(std::string tables)
    : route_(listen({RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                     RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_TC})),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      nftables_(std::move(tables)) {
    if (!wake_) {
        throw system_error("make an eventfd", errno);
    }
}

void Monitor::drain() {
    alignas(nlmsghdr) std::array<char, 32768> buffer;
    while (true) {
        const auto got = ::recv(route_.get(), buffer.data(), buffer.size(), MSG_TRUNC);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (got < 0 && errno != ENOBUFS) {
            throw system_error("listen to the kernel's changes", errno);
        }
        if (got < 0 || static_cast<std::size_t>(got) > buffer.size()) {
            pending_.emplace_back();
            continue;
        }
        int rest = static_cast<int>(got);
        const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
        for (; nlmsg_ok(message, rest);
             message = nlmsg_next(const_cast<nlmsghdr*>(message), &rest)) {
            if (auto change = change_of(*message)) {
                pending_.push_back(std::move(*change));
            }
        }
    }
}

void Monitor::look_at_nftables() {
    try {
        for (auto& name : nftables_.tampered()) {
            Change change{.kind = Change::Kind::Nftables, .removed = true};
            change.name = std::move(name);
            pending_.push_back(std::move(change));
        }
    } catch (const Error& error) {
        if (error.status() != Status::Retry) {  // somebody changes it all the time
            throw;
        }
    }
    next_look_ = after(kPause);
}

std::optional<Change> Monitor::next(const std::stop_token& stop, Deadline deadline) {
    const std::stop_callback wake(stop, [this] {
        const std::uint64_t one = 1;
        (void)!::write(wake_.get(), &one, sizeof one);
    });
    while (!stop.stop_requested()) {
        if (Clock::now() >= next_look_) {
            look_at_nftables();
        }
        if (!pending_.empty()) {
            auto change = std::move(pending_.front());
            pending_.pop_front();
            return change;
        }
        std::array<pollfd, 2> ready{{{route_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
        const auto patience = left(std::min(deadline, next_look_)) + std::chrono::milliseconds(1);
        const int count = ::poll(ready.data(), ready.size(), static_cast<int>(patience.count()));
        if (count < 0 && errno != EINTR) {
            throw system_error("wait for the kernel's changes", errno);
        }
        if (count == 0 && Clock::now() >= deadline) {
            return std::nullopt;
        }
        if (ready[1].revents != 0) {
            std::uint64_t count_of_stops = 0;
            (void)!::read(wake_.get(), &count_of_stops, sizeof count_of_stops);
        }
        if (ready[0].revents != 0) {
            drain();
        }
    }
    return std::nullopt;
}

}  // namespace terway::netlink
