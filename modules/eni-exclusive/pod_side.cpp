#include "pod_side.hpp"

#include <algorithm>
#include <optional>

#include "base/netns.hpp"
#include "eni.hpp"
#include "netlink/difference.hpp"
#include "netlink/link.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"

namespace terway::eni_exclusive {
namespace {

using netlink::Link;
using netlink::Socket;

// Answers of the node's other pods come by another link than their own address leads to.
constexpr const char* kLooseReversePath = "2";

std::optional<Link> find_eni(Socket& pod, const Plan& plan) {
    auto link = netlink::find_link(pod, plan.ifname);
    return link && link->mac == plan.eni_mac ? link : std::nullopt;
}

Link required_eni(Socket& pod, const Plan& plan) {
    auto link = find_eni(pod, plan);
    if (!link) {
        throw Error(Status::Gone,
                    "ENI " + plan.eni_id + " is not in the sandbox as " + plan.ifname);
    }
    return *link;
}

void set_sysctls(const Plan& plan, const std::string& ifname) {
    netlink::write_sysctl("net/ipv4/conf/" + ifname + "/rp_filter", kLooseReversePath);
    const auto conf = "net/ipv6/conf/" + ifname + "/";
    if (plan.has_v6()) {
        netlink::write_sysctl(conf + "disable_ipv6", "0");
        netlink::write_sysctl(conf + "accept_ra", "0");
    } else {
        (void)netlink::try_write_sysctl(conf + "accept_ra", "0");
    }
}

// Each link by its own name: what holds for one does not hold for the other.
void set_sysctls(const Plan& plan, int netns_fd) {
    const NetnsScope scope(netns_fd);
    set_sysctls(plan, plan.ifname);
    if (plan.has_peer) {
        set_sysctls(plan, plan.pair.pod_ifname);
    }
}

void furnish(Socket& pod, const Plan& plan, const Memory& links) {
    for (const auto& address : plan.addresses) {
        netlink::ensure_address(pod, links.eni_ifindex, address);
        if (plan.has_peer) {
            netlink::ensure_address(pod, links.peer_ifindex, address);
        }
    }
    if (plan.has_peer) {
        for (const auto& neighbour : pod_neighbours(plan.pair, links.peer_ifindex)) {
            netlink::ensure_neighbour(pod, neighbour);
        }
    }
}

void check_link(Socket& pod, const Plan& plan, const Link& link) {
    if (!link.up || link.mtu != plan.mtu) {
        netlink::differs("link " + link.name + " in the sandbox is down or has another MTU");
    }
    const auto found = netlink::addresses(pod, link.index);
    for (const auto& address : plan.addresses) {
        if (std::find(found.begin(), found.end(), address) == found.end()) {
            netlink::differs("link " + link.name + " in the sandbox lacks address " +
                             address.text());
        }
    }
}

// The default route may lead through another network of the pod.
void check_eni_routes(Socket& pod, const Plan& plan, std::uint32_t eni_ifindex) {
    for (const auto& route : eni_routes(plan, eni_ifindex)) {
        const auto found = netlink::find_route(pod, route.destination);
        if (!found || (found->oif == route.oif && found->gateway != route.gateway)) {
            netlink::differs("the sandbox has no route to " + route.destination.text());
        }
    }
}

}  // namespace

Memory build_pod(const Plan& plan, int netns_fd, std::uint32_t peer_ifindex) {
    Socket pod = Socket::in(netns_fd);
    const Memory links{required_eni(pod, plan).index, plan.has_peer ? peer_ifindex : 0};
    set_sysctls(plan, netns_fd);
    furnish(pod, plan, links);
    return links;
}

void bring_up_pod(Socket& pod, const Plan& plan, const Memory& links) {
    netlink::change_link(pod, links.eni_ifindex, {.up = true});
    // A pod with several networks keeps the default route of the first.
    for (const auto& route : eni_routes(plan, links.eni_ifindex)) {
        (void)netlink::add_route(pod, route);
    }
    if (!plan.has_peer) {
        return;
    }
    netlink::change_link(pod, links.peer_ifindex, {.up = true});
    for (const auto& route : peer_routes(plan, links.peer_ifindex)) {
        (void)netlink::add_route(pod, route);
    }
}

Memory repair_pod(const Plan& plan, int netns_fd) {
    Socket pod = Socket::in(netns_fd);
    Memory links{required_eni(pod, plan).index, 0};
    if (plan.has_peer) {
        const auto peer = netlink::find_link(pod, plan.pair.pod_ifname);
        if (!peer || peer->mac != plan.pair.pod_mac) {
            throw Error(Status::Gone, "the sandbox has no link " + plan.pair.pod_ifname);
        }
        links.peer_ifindex = peer->index;
    }
    // A link that is down loses its IPv6 addresses and takes no routes.
    bring_up_pod(pod, plan, links);
    furnish(pod, plan, links);
    bring_up_pod(pod, plan, links);
    return links;
}

void check_pod(const Plan& plan, int netns_fd) {
    Socket pod = Socket::in(netns_fd);
    const auto eni = find_eni(pod, plan);
    if (!eni) {
        netlink::differs("ENI " + plan.eni_id + " is not in the sandbox as " + plan.ifname);
    }
    check_link(pod, plan, *eni);
    check_eni_routes(pod, plan, eni->index);
    if (!plan.has_peer) {
        return;
    }
    const auto peer = netlink::find_link(pod, plan.pair.pod_ifname);
    if (!peer || peer->mac != plan.pair.pod_mac) {
        netlink::differs("link " + plan.pair.pod_ifname +
                         " in the sandbox is missing or has another MAC");
    }
    check_link(pod, plan, *peer);
    netlink::check_routes(pod, peer_routes(plan, peer->index));
    netlink::check_neighbours(pod, pod_neighbours(plan.pair, peer->index));
}

}  // namespace terway::eni_exclusive
