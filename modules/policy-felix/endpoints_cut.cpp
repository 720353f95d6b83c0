// Ending connections that rules forbid since they were narrowed.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <utility>

#include "endpoints.hpp"
#include "netlink/route.hpp"

namespace terway::felix {
namespace {

// Of the calling thread's namespace.
std::set<IpAddress> local_addresses() {
    netlink::Socket socket;
    std::set<IpAddress> out;
    for (const auto family : {Family::V4, Family::V6}) {
        for (const auto& route : netlink::routes(socket, family, RT_TABLE_LOCAL)) {
            if (route.type == RTN_LOCAL) {
                out.insert(route.destination.address());
            }
        }
    }
    return out;
}

}  // namespace

Judges Endpoints::judges_of(const Endpoint& endpoint) const {
    Judges judges;
    for (const auto& address : endpoint.addresses) {
        judges.insert_or_assign(address, endpoint.end);
    }
    return judges;
}

void Endpoints::close_gap(Table& table) {
    if (!table.take_gap() || !options_.cuts_established) {
        return;
    }
    for (const auto& [key, endpoint] : all_) {
        const bool is_judged = table.ends().contains(endpoint.link) && endpoint.end.is_told;
        if (is_judged) {
            narrowed_.insert(key);
        }
    }
}

std::set<IpAddress> Endpoints::begin_cut() {
    being_cut_.merge(std::exchange(narrowed_, {}));
    std::set<IpAddress> on_host;
    for (const auto& key : being_cut_) {
        const auto found = all_.find(key);
        if (found == all_.end()) {
            continue;
        }
        auto& endpoint = found->second;
        const std::set<IpAddress> addresses(endpoint.addresses.begin(), endpoint.addresses.end());
        if (endpoint.own != nullptr) {
            auto& socket = endpoint.own->socket();
            endpoint.was_cut = cut(socket, connections_of(socket, addresses), judges_of(endpoint),
                                   picture_, {node_.begin(), node_.end()}, options_.asks_for_node);
        }
        if (endpoint.has_host_link) {
            on_host.insert(addresses.begin(), addresses.end());
        }
    }
    return on_host;
}

std::vector<netlink::Tracked> Endpoints::finish_cut(
    const std::vector<netlink::TrackedConnection>& connections) {
    Judges judges;
    for (const auto& key : being_cut_) {
        const auto found = all_.find(key);
        if (found != all_.end() && found->second.has_host_link) {
            judges.merge(judges_of(found->second));
        }
    }
    std::vector<netlink::Tracked> was_cut;
    if (!connections.empty()) {
        was_cut = cut(host_.socket(), connections, judges, picture_, local_addresses(),
                      options_.asks_for_node);
    }
    being_cut_.clear();
    return was_cut;
}

void Endpoints::cut_answers() {
    for (auto& [_, endpoint] : all_) {
        if (endpoint.own != nullptr && !endpoint.was_cut.empty()) {
            (void)felix::cut_answers(endpoint.own->socket(), endpoint.was_cut);
        }
    }
}

}  // namespace terway::felix
