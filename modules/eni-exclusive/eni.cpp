#include "eni.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/netns.hpp"
#include "netlink/difference.hpp"
#include "netlink/nic.hpp"
#include "netlink/route.hpp"
#include "terway/error.hpp"

namespace terway::eni_exclusive {
namespace {

using netlink::Link;
using netlink::Socket;

std::string text(const Plan& plan) {
    return "ENI " + plan.eni_id + " (" + plan.eni_mac.text() + ")";
}

bool is_nic(const Link& link) {
    return link.kind.empty() || link.kind == "veth";
}

// False if the name is taken.
bool rename(Socket& socket, const Link& link, const std::string& name) {
    try {
        netlink::change_link(socket, link.index, {.name = name});
        return true;
    } catch (const Error& error) {
        if (error.sys_errno() != EEXIST) {
            throw;
        }
        return false;
    }
}

void remove_addresses(Socket& socket, const Link& link) {
    for (const auto& address : netlink::addresses(socket, link.index)) {
        netlink::remove_address(socket, link.index, address);
    }
}

Link required_at_home(Socket& host, const Plan& plan) {
    auto link = netlink::find_nic_at(host, plan.eni_hint, plan.eni_mac);
    if (!link) {
        link = netlink::find_nic(host, plan.eni_mac);
    }
    if (!link) {
        // The kernel is perhaps just taking down the sandbox that had it.
        throw Error(Status::Retry, text(plan) + " is not on the node");
    }
    if (link->up) {
        const auto uplink = netlink::find_uplink(host);
        if (uplink && uplink->index == link->index) {
            throw Error(Status::Invalid, text(plan) + " is the node's uplink " + link->name);
        }
    }
    return *link;
}

// A retired pair of another dataplane may hold the name for a moment.
bool name_becomes_free(const sdk::Call& call, Socket& host, Socket& pod, const Plan& plan) {
    const auto holder = netlink::find_link(pod, plan.ifname);
    if (!holder) {
        return true;
    }
    const auto other_end =
        holder->kind == "veth" ? netlink::find_link(host, holder->peer_index) : std::nullopt;
    if (!other_end || other_end->group != TWY_RETIRED_LINK_GROUP) {
        return false;
    }
    (void)call.await_retired();
    return true;
}

// One request for both: a kernel that finds its present name taken over there moves it under the
// new one; else it is renamed after the move.
void move(Socket& from, const Link& link, int netns_fd, const std::string& name) {
    netlink::change_link(from, link.index, {.name = name, .netns_fd = netns_fd});
}

}  // namespace

std::optional<Link> find_lent(Socket& socket, const Plan& plan) {
    std::optional<Link> by_mac;
    for (auto& link : netlink::links(socket)) {
        const auto mark = Mark::parse(link.alias);
        if (mark && mark->owner == plan.owner) {
            return std::move(link);
        }
        if (!mark && link.mac == plan.eni_mac && plan.eni_mac != Mac{} && is_nic(link)) {
            by_mac = std::move(link);
        }
    }
    return by_mac;
}

void lend(const sdk::Call& call, Socket& host, const Plan& plan, int netns_fd) {
    Link link = required_at_home(host, plan);
    if (Mark::parse(link.alias)) {
        settle(host, link, plan.home_mtu);
        link = required_at_home(host, plan);
    }
    const Mark mark{plan.owner, link.name};
    netlink::change_link(host, link.index, {.mtu = plan.mtu, .alias = mark.text()});
    try {
        move(host, link, netns_fd, plan.ifname);
        return;
    } catch (const Error& error) {
        if (error.sys_errno() != EEXIST) {
            throw;
        }
    }
    Socket pod = Socket::in(netns_fd);
    if (!name_becomes_free(call, host, pod, plan)) {
        throw Error(Status::Invalid, "the sandbox already has a link " + plan.ifname);
    }
    if (const auto inside = find_lent(pod, plan)) {
        netlink::change_link(pod, inside->index, {.name = plan.ifname});
    } else {
        move(host, link, netns_fd, plan.ifname);
    }
}

bool bring_home(Socket& host, int netns_fd, const Plan& plan) {
    Socket pod = Socket::in(netns_fd);
    const auto link = find_lent(pod, plan);
    if (!link) {
        return false;
    }
    const auto mark = Mark::parse(link->alias);
    const auto home = Netns::current();
    const auto spare = spare_name(plan.eni_mac == Mac{} ? link->mac : plan.eni_mac);
    netlink::LinkChange change{.mtu = plan.home_mtu, .group = 0, .alias = ""};
    change.name = mark ? mark->home_name : spare;
    change.netns_fd = home.fd();
    try {
        netlink::change_link(pod, link->index, change);
        return true;
    } catch (const Error& error) {
        if (error.sys_errno() != EEXIST) {
            throw;
        }
    }
    if (find_lent(pod, plan)) {
        change.name = spare;
        netlink::change_link(pod, link->index, change);
    } else if (const auto there = find_lent(host, plan)) {
        settle(host, *there, plan.home_mtu);
    }
    return true;
}

void settle(Socket& host, const Link& link, std::uint32_t mtu) {
    const auto mark = Mark::parse(link.alias);
    if (!mark) {
        return;
    }
    if (link.up) {
        netlink::change_link(host, link.index, {.up = false});
    }
    remove_addresses(host, link);
    if (link.name != mark->home_name && !rename(host, link, mark->home_name) &&
        !rename(host, link, spare_name(link.mac))) {
        throw Error(Status::Internal, "link " + link.name + " cannot be called " + mark->home_name +
                                          " nor " + spare_name(link.mac));
    }
    // Last, for it is what a second attempt goes by.
    netlink::change_link(host, link.index, {.mtu = mtu, .group = 0, .alias = ""});
}

void clean(Socket& host, const Link& link, std::uint32_t mtu) {
    settle(host, link, mtu);
    if (link.up || link.mtu != mtu) {
        netlink::change_link(host, link.index, {.up = false, .mtu = mtu});
    }
    remove_addresses(host, link);
}

void check_clean(Socket& host, const Link& link, std::uint32_t mtu) {
    if (const auto mark = Mark::parse(link.alias)) {
        netlink::differs("link " + link.name + " is marked as lent to " + mark->owner);
    }
    if (link.up) {
        netlink::differs("link " + link.name + " is up, though no pod has it");
    }
    if (link.mtu != mtu) {
        netlink::differs("link " + link.name + " has MTU " + std::to_string(link.mtu) + ", not " +
                         std::to_string(mtu));
    }
    if (const auto found = netlink::addresses(host, link.index); !found.empty()) {
        netlink::differs("link " + link.name + " has the address " + found.front().text());
    }
}

}  // namespace terway::eni_exclusive
