#include "pod_side.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/netns.hpp"
#include "netlink/difference.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "netlink/wait.hpp"
#include "terway/error.hpp"

namespace terway::ipvlan {
namespace {

using netlink::Link;
using netlink::Socket;

bool is_ours(const Link& link, const Plan& plan) {
    return link.kind == "ipvlan" && link.alias == plan.alias;
}

// As detach and a second attach may take it: half made ones have no alias yet.
bool is_leftover(const Link& link, const Plan& plan) {
    return link.kind == "ipvlan" && (link.alias.empty() || link.alias == plan.alias);
}

void create(Socket& host, const Plan& plan, int netns_fd) {
    const netlink::IpvlanSlave slave{plan.ifname, plan.eni_ifindex, plan.mtu, netns_fd};
    try {
        netlink::create_ipvlan(host, slave);
    } catch (const Error& error) {
        if (error.sys_errno() != EEXIST) {
            throw;
        }
        Socket socket = Socket::in(netns_fd);
        const auto found = netlink::find_link(socket, plan.ifname);
        if (found && !is_leftover(*found, plan)) {
            throw Error(Status::Invalid, "the sandbox already has a link " + plan.ifname);
        }
        (void)netlink::remove_link(socket, plan.ifname);
        netlink::create_ipvlan(host, slave);
    }
}

void set_sysctls(const Plan& plan) {
    const auto conf = "net/ipv6/conf/" + plan.ifname + "/";
    if (plan.has_v6()) {
        netlink::write_sysctl(conf + "disable_ipv6", "0");
        netlink::write_sysctl(conf + "accept_ra", "0");
    } else {
        (void)netlink::try_write_sysctl(conf + "accept_ra", "0");
    }
}

void furnish(Socket& socket, const Plan& plan, std::uint32_t pod_ifindex) {
    for (const auto& address : pod_addresses(plan)) {
        try {
            netlink::ensure_address(socket, pod_ifindex, address);
        } catch (const Error& error) {
            if (error.sys_errno() != EADDRINUSE) {
                throw;
            }
            throw Error(Status::Retry,
                        "another sandbox on ENI " + plan.eni + " still has " + address.text(),
                        EADDRINUSE);
        }
    }
    for (const auto& neighbour : pod_neighbours(plan, pod_ifindex)) {
        netlink::ensure_neighbour(socket, neighbour);
    }
}

void raise(Socket& socket, const Plan& plan, std::uint32_t pod_ifindex) {
    netlink::change_link(socket, pod_ifindex, {.up = true});
    for (const auto& route : pod_node_routes(plan, pod_ifindex)) {
        netlink::ensure_route(socket, route);
    }
    // A pod with several networks keeps the default route of the first.
    for (const auto& route : pod_default_routes(plan, pod_ifindex)) {
        (void)netlink::add_route(socket, route);
    }
}

void check_routes(Socket& socket, const Plan& plan, std::uint32_t pod_ifindex) {
    netlink::check_routes(socket, pod_node_routes(plan, pod_ifindex));
    // The default route may lead through another network of the pod.
    for (const auto& route : pod_default_routes(plan, pod_ifindex)) {
        const auto found = netlink::find_route(socket, route.destination);
        if (!found || (found->oif == route.oif && found->gateway != route.gateway)) {
            netlink::differs("the sandbox has no default route to " + route.gateway->text());
        }
    }
}

}  // namespace

Link build_pod(Socket& host, const Plan& plan, int netns_fd) {
    create(host, plan, netns_fd);
    const NetnsScope scope(netns_fd);
    Socket socket;
    const auto link = netlink::find_link(socket, plan.ifname);
    if (!link) {
        throw Error(Status::Gone, "link " + plan.ifname + " vanished while being made");
    }
    netlink::change_link(socket, link->index, {.alias = plan.alias});
    set_sysctls(plan);
    furnish(socket, plan, link->index);
    return *link;
}

void bring_up_pod(const Plan& plan, int netns_fd, std::uint32_t pod_ifindex, Deadline deadline) {
    Socket socket = Socket::in(netns_fd);
    raise(socket, plan, pod_ifindex);
    netlink::await_carrier(socket, pod_ifindex, deadline);
    netlink::await_local(socket, plan.addresses, deadline);
}

std::optional<Link> find_pod(const Plan& plan, int netns_fd) {
    Socket socket = Socket::in(netns_fd);
    auto link = netlink::find_link(socket, plan.ifname);
    return link && is_ours(*link, plan) ? link : std::nullopt;
}

std::optional<Link> repair_pod(const Plan& plan, int netns_fd) {
    auto link = find_pod(plan, netns_fd);
    if (link) {
        Socket socket = Socket::in(netns_fd);
        netlink::change_link(socket, link->index, {.up = true});
        furnish(socket, plan, link->index);
        raise(socket, plan, link->index);
    }
    return link;
}

void remove_pod(const Plan& plan, int netns_fd) {
    Socket socket = Socket::in(netns_fd);
    const auto link = netlink::find_link(socket, plan.ifname);
    if (link && is_leftover(*link, plan)) {
        (void)netlink::remove_link(socket, link->index);
    }
}

void check_pod(const Plan& plan, int netns_fd) {
    Socket socket = Socket::in(netns_fd);
    const auto link = netlink::find_link(socket, plan.ifname);
    if (!link || !is_ours(*link, plan) || !link->up || link->mtu != plan.mtu ||
        link->mac != plan.mac) {
        netlink::differs("link " + plan.ifname +
                         " in the sandbox is missing, down or has another MTU or MAC");
    }
    const auto found = netlink::addresses(socket, link->index);
    for (const auto& address : pod_addresses(plan)) {
        if (std::find(found.begin(), found.end(), address) == found.end()) {
            netlink::differs("link " + plan.ifname + " in the sandbox lacks address " +
                             address.text());
        }
    }
    check_routes(socket, plan, link->index);
    netlink::check_neighbours(socket, pod_neighbours(plan, link->index));
}

}  // namespace terway::ipvlan
