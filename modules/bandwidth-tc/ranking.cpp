#include "ranking.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bands.hpp"
#include "netlink/difference.hpp"
#include "netlink/link.hpp"
#include "netlink/nic.hpp"
#include "netlink/qdisc.hpp"
#include "netlink/tc.hpp"
#include "rank.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Filter;
using netlink::Hook;
using netlink::Link;
using netlink::Socket;

// None where the host has it no more: it is in a pod, or unplugged.
std::optional<Link> find_eni(Socket& socket, const Rank& rank) {
    auto eni = netlink::find_nic_at(socket, rank.eni_hint, rank.eni_mac);
    return eni ? eni : netlink::find_nic(socket, rank.eni_mac);
}

std::string text(const Rank& rank, const Link& eni) {
    return "ENI " + rank.eni + " (" + eni.name + ")";
}

std::vector<std::uint32_t> links_with_hooks(Socket& socket) {
    std::vector<std::uint32_t> all;
    for (const auto& qdisc : netlink::qdiscs(socket)) {
        if (qdisc.kind == "clsact") {
            all.push_back(qdisc.ifindex);
        }
    }
    return all;
}

std::vector<Filter> ranks(Socket& socket, std::uint32_t link) {
    auto all = netlink::filters(socket, link, Hook::Egress);
    std::erase_if(all, [](const Filter& each) { return !is_rank(each); });
    return all;
}

void clear_link(Socket& socket, std::uint32_t link) {
    for (const auto& filter : ranks(socket, link)) {
        (void)netlink::remove_filter(socket, link, filter);
    }
}

bool has_filters(Socket& socket, std::uint32_t link) {
    return !netlink::filters(socket, link, Hook::Ingress).empty() ||
           !netlink::filters(socket, link, Hook::Egress).empty();
}

}  // namespace

void ensure_rank(Socket& socket, const sdk::EndpointView& endpoint) {
    const auto rank = rank_of(endpoint);
    const auto eni = rank ? find_eni(socket, *rank) : std::nullopt;
    if (!eni) {
        return;
    }
    ensure_bands(socket, *eni, text(*rank, *eni));
    (void)netlink::ensure_clsact(socket, eni->index);
    const auto needed = rank_change(ranks(socket, eni->index), rank_filters(*rank), rank->owner);
    for (const auto& filter : needed.remove) {
        (void)netlink::remove_filter(socket, eni->index, filter);
    }
    for (auto filter : needed.change) {
        if (!netlink::change_actions(socket, eni->index, filter)) {
            filter.handle = 0;
            netlink::add_filter(socket, eni->index, filter);
        }
    }
    for (const auto& filter : needed.add) {
        netlink::add_filter(socket, eni->index, filter);
    }
}

void check_rank(Socket& socket, const sdk::EndpointView& endpoint) {
    const auto rank = rank_of(endpoint);
    const auto eni = rank ? find_eni(socket, *rank) : std::nullopt;
    if (!eni) {
        return;
    }
    check_bands(socket, *eni, text(*rank, *eni));
    const auto needed = rank_change(ranks(socket, eni->index), rank_filters(*rank), rank->owner);
    if (!needed.add.empty()) {
        netlink::differs(text(*rank, *eni) + " lacks the filter that ranks what " +
                         needed.add.front().source->text() + " sends");
    }
    if (!needed.change.empty()) {
        const auto& wanted = needed.change.front();
        netlink::differs(text(*rank, *eni) + " does not rank what " + wanted.source->text() +
                         " sends as " + word_of(wanted) + ", or not for this pod");
    }
    if (!needed.remove.empty()) {
        netlink::differs(text(*rank, *eni) + " has a filter too many that ranks what " +
                         needed.remove.front().source->text() + " sends");
    }
}

void clear_rank(Socket& socket, const sdk::EndpointView& endpoint) {
    std::vector<std::uint32_t> links;
    if (const auto rank = rank_of(endpoint)) {
        if (const auto eni = find_eni(socket, *rank)) {
            links.push_back(eni->index);
        }
    } else if (endpoint.addresses().empty()) {  // nobody remembers it
        links = links_with_hooks(socket);
    }
    const auto owner = rank_owner(endpoint);
    for (const auto link : links) {
        for (const auto& filter : ranks(socket, link)) {
            if (is_rank_of(filter, owner)) {
                (void)netlink::remove_filter(socket, link, filter);
            }
        }
    }
}

void clear_ranks(Socket& socket) {
    std::set<std::uint32_t> ours;
    for (const auto& qdisc : netlink::qdiscs(socket)) {
        if (is_bands(qdisc)) {
            ours.insert(qdisc.ifindex);
        }
    }
    for (const auto link : links_with_hooks(socket)) {
        clear_link(socket, link);
        if (ours.contains(link) && !has_filters(socket, link)) {
            (void)netlink::remove_clsact(socket, link);
        }
    }
    remove_bands(socket);
}

}  // namespace terway::bandwidth_tc
