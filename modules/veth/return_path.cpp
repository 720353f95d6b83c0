#include "return_path.hpp"

#include <algorithm>
#include <optional>

#include "netlink/route.hpp"
#include "netlink/rule.hpp"
#include "routed/pair.hpp"
#include "terway/error.hpp"

namespace terway::veth {
namespace {

constexpr Family kFamilies[] = {Family::V4, Family::V6};

netlink::Rule rule(Family family) {
    return {.family = family,
            .priority = kReturnPriority,
            .source = {},
            .destination = {},
            .iif = {},
            .table = kReturnTable,
            .mark = kReturnMark,
            .mask = kReturnMark};
}

// Empty if the main table has no default route through a gateway.
std::optional<netlink::Route> wanted(netlink::Socket& socket, Family family) {
    const auto main = netlink::find_route(socket, routed::everything(family));
    if (!main || !main->gateway || main->oif == 0) {
        return std::nullopt;
    }
    return netlink::Route{.destination = routed::everything(family),
                          .gateway = main->gateway,
                          .oif = main->oif,
                          .table = kReturnTable,
                          .onlink = family == Family::V4};
}

}  // namespace

void ensure_return_path(netlink::Socket& socket) {
    for (const auto family : kFamilies) {
        if (const auto route = wanted(socket, family)) {
            netlink::ensure_route(socket, *route);
            netlink::ensure_rule(socket, rule(family));
        }
    }
}

void remove_return_path(netlink::Socket& socket) {
    for (const auto family : kFamilies) {
        // Without our rule the table is somebody else's.
        if (!netlink::remove_rule(socket, rule(family))) {
            continue;
        }
        if (const auto route =
                netlink::find_route(socket, routed::everything(family), kReturnTable)) {
            (void)netlink::remove_route(socket, *route);
        }
    }
}

void check_return_path(netlink::Socket& socket) {
    for (const auto family : kFamilies) {
        const auto route = wanted(socket, family);
        if (!route) {
            continue;
        }
        const auto found = netlink::find_route(socket, route->destination, kReturnTable);
        if (!found || found->oif != route->oif || found->gateway != route->gateway) {
            throw Error(Status::Internal, "the default route via " + route->gateway->text() +
                                              " in table " + std::to_string(kReturnTable) +
                                              " is missing or leads elsewhere");
        }
        const auto all = netlink::rules(socket, family);
        if (std::find(all.begin(), all.end(), rule(family)) == all.end()) {
            throw Error(Status::Internal, "the rule " + std::to_string(kReturnPriority) +
                                              " for marked packets is missing");
        }
    }
}

}  // namespace terway::veth
