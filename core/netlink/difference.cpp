#include "netlink/difference.hpp"

#include <algorithm>
#include <map>

#include "terway/error.hpp"

namespace terway::netlink {

void differs(const std::string& what) {
    throw Error(Status::Internal, what);
}

void check_routes(Socket& socket, const std::vector<Route>& wanted) {
    for (const auto& route : wanted) {
        const auto found = find_route(socket, route.destination, route.table);
        if (!found || found->oif != route.oif || found->gateway != route.gateway) {
            differs("the route to " + route.destination.text() + " is missing or leads elsewhere");
        }
        if (route.source && found->source != route.source) {
            differs("the route to " + route.destination.text() + " has another source than " +
                    route.source->text());
        }
    }
}

void check_neighbours(Socket& socket, const std::vector<Neighbour>& wanted) {
    for (const auto& neighbour : wanted) {
        const auto found = neighbours(socket, neighbour.address.family(), neighbour.ifindex);
        if (std::find(found.begin(), found.end(), neighbour) == found.end()) {
            differs("the permanent neighbour " + neighbour.address.text() +
                    " is missing or has another MAC");
        }
    }
}

void check_rules(Socket& socket, const std::vector<Rule>& wanted) {
    std::map<Family, std::vector<Rule>> present;
    for (const auto& rule : wanted) {
        if (!present.contains(rule.family)) {
            present[rule.family] = rules(socket, rule.family);
        }
        const auto& all = present[rule.family];
        const auto found = std::find_if(all.begin(), all.end(), [&](const Rule& each) {
            return each.priority == rule.priority && each.source == rule.source &&
                   each.destination == rule.destination;
        });
        if (found == all.end() || *found != rule) {
            differs(
                "the rule " + std::to_string(rule.priority) +
                (rule.source ? " from " + rule.source->text() : " to " + rule.destination->text()) +
                " is missing or leads elsewhere");
        }
    }
}

}  // namespace terway::netlink
