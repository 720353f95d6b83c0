#include "host_side.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "eni.hpp"
#include "netlink/difference.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/rule.hpp"
#include "terway/error.hpp"

namespace terway::ipvlan {
namespace {

using netlink::Link;
using netlink::Route;
using netlink::Socket;

constexpr const char* kAnySlave = "ipvl_";

Link required_slave(Socket& socket, const Plan& plan) {
    auto slave = find_host_slave(socket, plan.eni_ifindex);
    if (!slave) {
        // Either the ENI is about to be prepared anew, or it is lost and its endpoints with it.
        throw Error(Status::Retry, "the host has no link " + host_slave_name(plan.eni_ifindex) +
                                       " on ENI " + plan.eni);
    }
    return *slave;
}

bool is_host_slave(Socket& socket, std::uint32_t ifindex) {
    const auto link = netlink::find_link(socket, ifindex);
    return link && link->kind == "ipvlan" && link->name.starts_with(kAnySlave);
}

// Of an earlier owner of an address, or of the same one on another ENI.
void remove_others(Socket& socket, const std::vector<Route>& wanted) {
    for (const auto& route : wanted) {
        for (auto& each : netlink::routes(socket, route.destination.family())) {
            const bool other = each.oif != route.oif || each.priority != route.priority;
            if (each.destination == route.destination && other && is_host_slave(socket, each.oif)) {
                each.source.reset();
                (void)netlink::remove_route(socket, each);
            }
        }
    }
}

void ensure_neighbours(Socket& socket, const Plan& plan, const Link& slave) {
    for (const auto& neighbour : host_neighbours(plan, slave.index)) {
        netlink::ensure_neighbour(socket, neighbour);
    }
}

void ensure_rules(Socket& socket, const Plan& plan) {
    for (const auto& rule : host_rules(plan.addresses)) {
        (void)netlink::ensure_rule(socket, rule);
    }
}

// Unless the address has another pod by now. Without a link, its neighbour went with it.
void remove_rule_and_neighbour(Socket& socket, const Prefix& address, std::uint32_t slave_ifindex) {
    const auto all = netlink::routes(socket, address.family());
    if (std::any_of(all.begin(), all.end(),
                    [&](const Route& each) { return each.destination == address; })) {
        return;
    }
    for (const auto& rule : host_rules({address})) {
        while (netlink::remove_rule(socket, rule)) {
        }
    }
    if (slave_ifindex != 0) {
        (void)netlink::remove_neighbour(socket, {slave_ifindex, address.address(), {}});
    }
}

bool is_there(Socket& socket, const Route& route) {
    const auto all = netlink::routes(socket, route.destination.family());
    return std::any_of(all.begin(), all.end(), [&](const Route& each) {
        return each.destination == route.destination && each.oif == route.oif &&
               each.priority == route.priority && each.source == route.source;
    });
}

}  // namespace

void open_way(Socket& socket, const Plan& plan) {
    const auto slave = required_slave(socket, plan);
    const auto wanted = host_routes(plan, slave.index);
    ensure_neighbours(socket, plan, slave);
    for (const auto& route : wanted) {
        netlink::ensure_route(socket, route);
    }
    remove_others(socket, wanted);
    ensure_rules(socket, plan);
}

void close_way(Socket& socket, const Plan& plan) {
    for (auto route : host_routes(plan, 0)) {
        route.source.reset();
        (void)netlink::remove_route(socket, route);
    }
    if (!plan.addresses.empty()) {
        const auto slave = find_host_slave(socket, plan.eni_ifindex);
        for (const auto& address : plan.addresses) {
            remove_rule_and_neighbour(socket, address, slave ? slave->index : 0);
        }
        return;
    }
    for (const auto family : {Family::V4, Family::V6}) {
        for (auto& route : netlink::routes(socket, family)) {
            if (route.priority == plan.metric && is_host_slave(socket, route.oif)) {
                route.source.reset();
                (void)netlink::remove_route(socket, route);
                remove_rule_and_neighbour(socket, route.destination, route.oif);
            }
        }
    }
}

void repair_way(Socket& socket, const Plan& plan) {
    const auto slave = required_slave(socket, plan);
    const auto wanted = host_routes(plan, slave.index);
    ensure_neighbours(socket, plan, slave);
    for (const auto& route : wanted) {
        if (!is_there(socket, route)) {
            netlink::ensure_route(socket, route);
        }
    }
    remove_others(socket, wanted);
    ensure_rules(socket, plan);
}

void check_way(Socket& socket, const Plan& plan) {
    const auto slave = find_host_slave(socket, plan.eni_ifindex);
    if (!slave) {
        netlink::differs("link " + host_slave_name(plan.eni_ifindex) + " does not exist");
    }
    for (const auto& route : host_routes(plan, slave->index)) {
        if (!is_there(socket, route)) {
            netlink::differs("the route to " + route.destination.text() + " through " +
                             slave->name + " is missing or has another source");
        }
    }
    netlink::check_neighbours(socket, host_neighbours(plan, slave->index));
    netlink::check_rules(socket, host_rules(plan.addresses));
}

}  // namespace terway::ipvlan
