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

void ensure_rules(Socket& socket, const Plan& plan) {
    for (const auto& rule : host_rules(plan.addresses)) {
        (void)netlink::ensure_rule(socket, rule);
    }
}

// Unless the address has another pod by now.
void remove_rules(Socket& socket, const std::vector<Prefix>& addresses) {
    for (const auto& rule : host_rules(addresses)) {
        const auto all = netlink::routes(socket, rule.family);
        const bool in_use = std::any_of(all.begin(), all.end(), [&](const Route& each) {
            return each.destination == rule.destination;
        });
        while (!in_use && netlink::remove_rule(socket, rule)) {
        }
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
    const auto wanted = host_routes(plan, required_slave(socket, plan).index);
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
        remove_rules(socket, plan.addresses);
        return;
    }
    std::vector<Prefix> found;
    for (const auto family : {Family::V4, Family::V6}) {
        for (auto& route : netlink::routes(socket, family)) {
            if (route.priority == plan.metric && is_host_slave(socket, route.oif)) {
                found.push_back(route.destination);
                route.source.reset();
                (void)netlink::remove_route(socket, route);
            }
        }
    }
    remove_rules(socket, found);
}

void repair_way(Socket& socket, const Plan& plan) {
    const auto wanted = host_routes(plan, required_slave(socket, plan).index);
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
    netlink::check_rules(socket, host_rules(plan.addresses));
}

}  // namespace terway::ipvlan
