#include "cut.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <iterator>

namespace terway::felix {
namespace {

bool allows(const policy::Picture& picture, const std::shared_ptr<const policy::RuleSet>& rules,
            const IpAddress& peer, const netlink::Tracked& connection) {
    if (rules == nullptr) {
        return false;
    }
    const auto protocol = policy::protocol_by_number(connection.protocol);
    return protocol ? picture.allows(*rules, {peer, *protocol, connection.reply.source_port})
                    : picture.allows_other(*rules, peer);
}

}  // namespace

bool names_any(const End& end, const std::set<policy::SetId>& sets) {
    const auto has = [&](const std::vector<policy::SetId>& ids) {
        return std::any_of(ids.begin(), ids.end(),
                           [&](const auto& id) { return sets.contains(id); });
    };
    const auto in_matches = [&](const std::vector<policy::Match>& matches) {
        return std::any_of(matches.begin(), matches.end(),
                           [&](const auto& match) { return has(match.peers.sets); });
    };
    const auto in_tier = [&](const policy::Tier& tier) {
        return has(tier.named) || in_matches(tier.other) ||
               std::any_of(tier.classes.begin(), tier.classes.end(),
                           [&](const auto& each) { return in_matches(each.matches); });
    };
    return !sets.empty() && std::any_of(kDirections.begin(), kDirections.end(), [&](auto way) {
        const auto& rules = end.rules(way);
        return rules != nullptr && std::any_of(rules->tiers.begin(), rules->tiers.end(), in_tier);
    });
}

// Rules are asked for the client as the pod sees it and for the server as it really is: the one
// that answers.
bool is_forbidden(const netlink::Tracked& connection, const Judges& judges,
                  const policy::Picture& picture, const std::set<IpAddress>& node,
                  bool asks_for_node) {
    const auto& client = connection.original.source;
    const auto& server = connection.reply.source;
    if (client == server || node.contains(client)) {
        return false;
    }
    if (const auto at = judges.find(client);
        at != judges.end() && (asks_for_node || !node.contains(server)) &&
        !allows(picture, at->second.egress, server, connection)) {
        return true;
    }
    const auto at = judges.find(server);
    return at != judges.end() && !allows(picture, at->second.ingress, client, connection);
}

std::vector<netlink::TrackedConnection> connections_of(netlink::Socket& socket,
                                                       const std::set<IpAddress>& pods) {
    std::set<Family> families;
    for (const auto& address : pods) {
        families.insert(address.family());
    }
    std::vector<netlink::TrackedConnection> all;
    for (const auto family : families) {
        auto some =
            netlink::tracked_connections(socket, family, [&](const netlink::Tracked& connection) {
                return pods.contains(connection.original.source) ||
                       pods.contains(connection.reply.source);
            });
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    return all;
}

std::vector<netlink::Tracked> cut(netlink::Socket& socket,
                                  const std::vector<netlink::TrackedConnection>& connections,
                                  const Judges& judges, const policy::Picture& picture,
                                  const std::set<IpAddress>& node, bool asks_for_node) {
    std::vector<netlink::Tracked> was_cut;
    for (const auto& connection : connections) {
        if (is_forbidden(connection.what, judges, picture, node, asks_for_node) &&
            netlink::forget_connection(socket, connection)) {
            was_cut.push_back(connection.what);
        }
    }
    return was_cut;
}

std::size_t cut_answers(netlink::Socket& socket, const std::vector<netlink::Tracked>& was_cut) {
    std::size_t ended = 0;
    for (const auto& each : was_cut) {
        const bool has_ports = each.reply.source_port != 0;
        if (each.protocol != IPPROTO_TCP && has_ports &&
            netlink::forget_connection(socket, each.reply, each.protocol)) {
            ++ended;
        }
    }
    return ended;
}

}  // namespace terway::felix
