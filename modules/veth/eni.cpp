#include "eni.hpp"

#include <algorithm>

#include "netlink/link.hpp"
#include "netlink/nic.hpp"
#include "netlink/rule.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"

namespace terway::veth {
namespace {

using netlink::Link;
using netlink::Socket;

constexpr const char* kLooseReversePath = "2";

Link required(Socket& socket, const EniPlan& plan) {
    auto link = netlink::find_nic_at(socket, plan.ifindex, plan.mac);
    if (!link) {
        throw Error(Status::Gone, "ENI " + plan.id + " has no link with index " +
                                      std::to_string(plan.ifindex) + " and MAC " + plan.mac.text());
    }
    return *link;
}

std::string text(const EniPlan& plan, const Link& link) {
    return "ENI " + plan.id + " (" + link.name + ")";
}

std::string reverse_path(const Link& link) {
    return "net/ipv4/conf/" + link.name + "/rp_filter";
}

bool has_address(const std::vector<Prefix>& present, const Prefix& wanted) {
    return std::any_of(present.begin(), present.end(),
                       [&](const Prefix& each) { return each.address() == wanted.address(); });
}

void own(Socket& socket, const EniPlan& plan, const Link& link) {
    const auto conf = "net/ipv6/conf/" + link.name + "/";
    if (plan.has_v6()) {
        netlink::write_sysctl(conf + "disable_ipv6", "0");
        netlink::write_sysctl(conf + "forwarding", "1");
    }
    (void)netlink::try_write_sysctl(conf + "accept_ra", "0");
    if (!link.up || link.mtu != plan.mtu) {
        netlink::change_link(socket, link.index, {.up = true, .mtu = plan.mtu});
    }
    const auto found = netlink::addresses(socket, link.index);
    for (const auto& address : plan.addresses) {
        if (!has_address(found, address)) {
            netlink::ensure_address(socket, link.index, address);
        }
    }
    // Last: a link that loses its only IPv4 address loses its routes with it.
    netlink::remove_foreign_addresses(socket, link.index, plan.subnets, plan.addresses);
}

void check_own(Socket& socket, const EniPlan& plan, const Link& link) {
    if (link.mtu != plan.mtu) {
        throw Error(Status::Internal, text(plan, link) + " has MTU " + std::to_string(link.mtu) +
                                          ", not " + std::to_string(plan.mtu));
    }
    const auto found = netlink::addresses(socket, link.index);
    for (const auto& address : plan.addresses) {
        if (!has_address(found, address)) {
            throw Error(Status::Internal,
                        text(plan, link) + " lacks the node's address " + address.text());
        }
    }
}

}  // namespace

void prepare_eni(Socket& socket, const EniPlan& plan, bool uplink) {
    const Link link = required(socket, plan);
    if (!uplink) {
        own(socket, plan, link);
    }
    netlink::write_sysctl(reverse_path(link), kLooseReversePath);
    for (const auto& route : plan.routes) {
        netlink::ensure_route(socket, route);
    }
}

void check_eni(Socket& socket, const EniPlan& plan, bool uplink) {
    const Link link = required(socket, plan);
    if (!link.up) {
        throw Error(Status::Internal, text(plan, link) + " is down");
    }
    if (!uplink) {
        check_own(socket, plan, link);
    }
    if (netlink::read_sysctl(reverse_path(link)) == "1") {
        throw Error(Status::Internal,
                    text(plan, link) + " filters by strict reverse path (rp_filter is 1)");
    }
    for (const auto& route : plan.routes) {
        const auto found = netlink::find_route(socket, route.destination, route.table);
        if (!found || found->oif != route.oif || found->gateway != route.gateway) {
            throw Error(Status::Internal, text(plan, link) + ": the route to " +
                                              route.destination.text() + " in table " +
                                              std::to_string(route.table) +
                                              " is missing or leads elsewhere");
        }
    }
}

void forget_eni(Socket& socket, const EniPlan& plan, bool uplink) {
    if (plan.ifindex == 0) {
        return;
    }
    for (const auto family : {Family::V4, Family::V6}) {
        for (const auto& route : netlink::routes(socket, family, plan.table)) {
            (void)netlink::remove_route(socket, route);
        }
        for (const auto& rule : netlink::rules(socket, family)) {
            if (rule.table == plan.table && rule.priority == kFromPodPriority) {
                (void)netlink::remove_rule(socket, rule);
            }
        }
    }
    if (const auto link = netlink::find_nic_at(socket, plan.ifindex, plan.mac); link && !uplink) {
        for (const auto& address : plan.addresses) {
            netlink::remove_address(socket, link->index, address);
        }
    }
}

}  // namespace terway::veth
