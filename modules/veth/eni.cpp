#include "eni.hpp"

#include <string>

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

std::string reverse_path(const Link& link) {
    return "net/ipv4/conf/" + link.name + "/rp_filter";
}

}  // namespace

void prepare_eni(Socket& socket, const EniPlan& plan, bool uplink) {
    const Link link = netlink::required_link(socket, plan);
    if (!uplink) {
        netlink::own_link(socket, plan, link);
    }
    netlink::write_sysctl(reverse_path(link), kLooseReversePath);
    for (const auto& route : plan.routes) {
        netlink::ensure_route(socket, route);
    }
}

void check_eni(Socket& socket, const EniPlan& plan, bool uplink) {
    const Link link = netlink::required_link(socket, plan);
    if (!link.up) {
        throw Error(Status::Internal, text(plan, link) + " is down");
    }
    if (!uplink) {
        netlink::check_owned(socket, plan, link);
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
        netlink::disown_link(socket, plan, *link);
    }
}

}  // namespace terway::veth
