#include "pod_side.hpp"

#include <algorithm>

#include "base/netns.hpp"

#include "netlink/difference.hpp"
#include "netlink/link.hpp"
#include "netlink/sysctl.hpp"

namespace terway::veth {
namespace {

using netlink::Socket;

// One visit for all that must be done from inside.
Socket prepare(const Plan& plan, int netns_fd) {
    const auto conf = "net/ipv6/conf/" + plan.pod_ifname + "/";
    const NetnsScope scope(netns_fd);
    if (plan.has_v6()) {
        netlink::write_sysctl(conf + "disable_ipv6", "0");
        netlink::write_sysctl(conf + "accept_ra", "0");
    } else {
        (void)netlink::try_write_sysctl(conf + "accept_ra", "0");
    }
    return Socket();
}

void furnish(Socket& socket, const Plan& plan, std::uint32_t pod_ifindex) {
    for (const auto& address : plan.addresses) {
        netlink::ensure_address(socket, pod_ifindex, address);
    }
    for (const auto& neighbour : pod_neighbours(plan, pod_ifindex)) {
        netlink::ensure_neighbour(socket, neighbour);
    }
}

// The default route may lead through another network of the pod.
void check_default_routes(Socket& socket, const std::vector<netlink::Route>& wanted) {
    for (const auto& route : wanted) {
        const auto found = netlink::find_route(socket, route.destination);
        if (!found || (found->oif == route.oif && found->gateway != route.gateway)) {
            netlink::differs("the sandbox has no default route to " + route.gateway->text());
        }
    }
}

}  // namespace

Socket build_pod(const Plan& plan, int netns_fd, std::uint32_t pod_ifindex) {
    Socket socket = prepare(plan, netns_fd);
    furnish(socket, plan, pod_ifindex);
    return socket;
}

void bring_up_pod(Socket& pod_socket, const Plan& plan, std::uint32_t pod_ifindex) {
    netlink::change_link(pod_socket, pod_ifindex, {.up = true});
    // A pod with several networks keeps the default route of the first.
    for (const auto& route : pod_routes(plan, pod_ifindex)) {
        (void)netlink::add_route(pod_socket, route);
    }
}

void repair_pod(const Plan& plan, int netns_fd, std::uint32_t pod_ifindex) {
    Socket socket = Socket::in(netns_fd);
    const auto pod = netlink::find_link(socket, pod_ifindex);
    if (pod && pod->kind == "veth" && pod->mac == plan.pod_mac) {
        bring_up_pod(socket, plan, pod_ifindex);
        furnish(socket, plan, pod_ifindex);
        bring_up_pod(socket, plan, pod_ifindex);
    }
}

void check_pod(const Plan& plan, int netns_fd) {
    Socket socket = Socket::in(netns_fd);
    const auto pod = netlink::find_link(socket, plan.pod_ifname);
    if (!pod || !pod->up || pod->mtu != plan.mtu || pod->mac != plan.pod_mac) {
        netlink::differs("link " + plan.pod_ifname +
                         " in the sandbox is missing, down or has another MTU or MAC");
    }
    const auto found = netlink::addresses(socket, pod->index);
    for (const auto& address : plan.addresses) {
        if (std::find(found.begin(), found.end(), address) == found.end()) {
            netlink::differs("link " + plan.pod_ifname + " in the sandbox lacks address " +
                             address.text());
        }
    }
    check_default_routes(socket, pod_routes(plan, pod->index));
    check_neighbours(socket, pod_neighbours(plan, pod->index));
}

}  // namespace terway::veth
