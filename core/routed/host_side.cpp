#include "routed/host_side.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "netlink/difference.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"

namespace terway::routed {
namespace {

using netlink::Link;
using netlink::Socket;

constexpr Family kFamilies[] = {Family::V4, Family::V6};

void clear_names(const sdk::Call& call, Socket& socket, const sdk::EndpointView& endpoint,
                 const Pair& pair) {
    (void)netlink::remove_link(socket, pair.host_ifname);
    Socket pod_socket = Socket::in(endpoint.netns_fd());
    const auto in_pod = netlink::find_link(pod_socket, pair.pod_ifname);
    if (!in_pod) {
        return;
    }
    const auto other_end = netlink::find_link(socket, in_pod->peer_index);
    if (in_pod->kind != "veth" || !other_end || other_end->group != TWY_RETIRED_LINK_GROUP) {
        throw Error(Status::Invalid, "the sandbox already has a link " + pair.pod_ifname);
    }
    (void)call.await_retired();
}

Link create(const sdk::Call& call, Socket& socket, const sdk::EndpointView& endpoint,
            const Pair& pair) {
    const netlink::VethEnd host_end{pair.host_ifname, kHostMac, pair.mtu, pair.group};
    const netlink::VethEnd pod_end{pair.pod_ifname, pair.pod_mac, pair.mtu, 0, endpoint.netns_fd()};
    try {
        netlink::create_veth(socket, host_end, pod_end);
    } catch (const Error& error) {
        if (error.sys_errno() != EEXIST) {
            throw;
        }
        clear_names(call, socket, endpoint, pair);
        netlink::create_veth(socket, host_end, pod_end);
    }
    const auto host = netlink::find_link(socket, pair.host_ifname);
    if (!host) {
        throw Error(Status::Gone, "link " + pair.host_ifname + " vanished while being made");
    }
    return *host;
}

void set_sysctls(const Pair& pair) {
    if (pair.has_v6()) {
        const auto conf = "net/ipv6/conf/" + pair.host_ifname + "/";
        netlink::write_sysctl(conf + "disable_ipv6", "0");
        netlink::write_sysctl(conf + "forwarding", "1");
        netlink::write_sysctl(conf + "accept_ra", "0");
    }
}

void ensure_neighbours(Socket& socket, const Pair& pair, std::uint32_t host_ifindex) {
    for (const auto& neighbour : host_neighbours(pair, host_ifindex)) {
        netlink::ensure_neighbour(socket, neighbour);
    }
}

void ensure_routes(Socket& socket, const Pair& pair, std::uint32_t host_ifindex) {
    for (const auto& route : host_routes(pair, host_ifindex)) {
        netlink::ensure_route(socket, route);
    }
}

void repair_rules(Socket& socket, const Pair& pair) {
    for (const auto& rule : host_rules(pair)) {
        netlink::ensure_rule(socket, rule);
        for (const auto& each : netlink::rules(socket, rule.family)) {
            if (each.priority == rule.priority && each.source == rule.source &&
                each.destination == rule.destination && each != rule) {
                netlink::remove_rule(socket, each);
            }
        }
    }
}

}  // namespace

Link build_host(const sdk::Call& call, Socket& socket, const sdk::EndpointView& endpoint,
                const Pair& pair) {
    Link host = create(call, socket, endpoint, pair);
    netlink::change_link(socket, host.index,
                         {.up = true,
                          .alias = pair.alias,
                          .no_ipv6_link_local = true,
                          .trust_sources = pair.guarded});
    set_sysctls(pair);
    ensure_neighbours(socket, pair, host.index);
    return host;
}

void open_way(Socket& socket, const Pair& pair, std::uint32_t host_ifindex) {
    ensure_routes(socket, pair, host_ifindex);
    for (auto rule : host_rules(pair)) {
        if (netlink::ensure_rule(socket, rule) && rule.priority == kFromPodPriority) {
            // One left behind by an earlier owner of the address would come first.
            const auto table = std::exchange(rule.table, 0U);
            while (netlink::remove_rule(socket, rule)) {
            }
            rule.table = table;
            netlink::ensure_rule(socket, rule);
        }
    }
}

void close_way(Socket& socket, const Pair& pair, std::uint32_t host_ifindex) {
    for (auto rule : host_rules(pair)) {
        rule.table = rule.priority == kFromPodPriority ? 0 : rule.table;
        while (netlink::remove_rule(socket, rule)) {
        }
    }
    if (host_ifindex == 0) {
        return;
    }
    for (auto route : host_routes(pair, host_ifindex)) {
        route.source.reset();  // whatever it is
        (void)netlink::remove_route(socket, route);
    }
}

std::optional<Link> find_host(Socket& socket, const Pair& pair) {
    auto host = netlink::find_link(socket, pair.host_ifname);
    const bool ours = host && host->group != TWY_RETIRED_LINK_GROUP && host->alias == pair.alias;
    return ours ? host : std::nullopt;
}

std::optional<Link> find_leftover(Socket& socket, const Pair& pair) {
    // A name of Felix's form belongs to the pod, not to the sandbox: a newer sandbox of the same
    // pod may have it by now. A group of its own marks the link of another dataplane.
    auto host = netlink::find_link(socket, pair.host_ifname);
    const bool another = host && ((host->group != pair.group && host->group != 0) ||
                                  (!host->alias.empty() && host->alias != pair.alias));
    return another ? std::nullopt : host;
}

std::vector<Prefix> known_addresses(Socket& socket, std::uint32_t host_ifindex) {
    std::vector<Prefix> found;
    const auto note = [&](const Prefix& address) {
        if (std::find(found.begin(), found.end(), address) == found.end()) {
            found.push_back(address);
        }
    };
    for (const auto family : kFamilies) {
        for (const auto& route : netlink::routes(socket, family)) {
            const auto& to = route.destination;
            if (route.oif == host_ifindex && to.length() == to.address().bits()) {
                note(to);
            }
        }
        for (const auto& neighbour : netlink::neighbours(socket, family, host_ifindex)) {
            if (neighbour.permanent) {
                note(Prefix::host(neighbour.address));
            }
        }
    }
    return found;
}

void repair_host(Socket& socket, const Pair& pair, const Link& host) {
    if (!host.up || host.group != pair.group || host.trusts_sources != pair.guarded) {
        netlink::change_link(socket, host.index,
                             {.up = true, .group = pair.group, .trust_sources = pair.guarded});
    }
    ensure_neighbours(socket, pair, host.index);
    ensure_routes(socket, pair, host.index);
    repair_rules(socket, pair);
}

void check_host(Socket& socket, const Pair& pair) {
    const auto host = find_host(socket, pair);
    if (!host) {
        netlink::differs("link " + pair.host_ifname + " does not exist");
    }
    if (!host->up || host->mtu != pair.mtu || host->mac != kHostMac || host->group != pair.group) {
        netlink::differs("link " + host->name + " is down or has another MTU, MAC or group");
    }
    if (host->trusts_sources != pair.guarded) {
        netlink::differs("link " + host->name + (pair.guarded ? " lacks" : " has") +
                         " accept_local, which the source guard makes safe");
    }
    netlink::check_routes(socket, host_routes(pair, host->index));
    netlink::check_neighbours(socket, host_neighbours(pair, host->index));
    netlink::check_rules(socket, host_rules(pair));
}

}  // namespace terway::routed
