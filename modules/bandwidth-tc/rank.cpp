#include "rank.hpp"

#include <linux/if_ether.h>

#include <algorithm>

#include "plan.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Action;
using netlink::class_id;
using netlink::Filter;
using netlink::make_qdisc;
using netlink::Qdisc;

constexpr std::size_t kTagSize = 16;

// Handles that nobody else chooses: "TM", "TP", and one for each queue, below those the kernel
// chooses.
constexpr std::uint16_t kMq = 0x544d;
constexpr std::uint16_t kPrio = 0x5450;
constexpr std::uint16_t kQueues = 0x5800;
constexpr std::uint32_t kMostQueues = 0x2000;

constexpr std::uint32_t kGuaranteed = 8;
constexpr std::uint32_t kBurstable = 0;
constexpr std::uint32_t kBestEffort = 9;

netlink::Prio bands() {
    netlink::Prio prio;
    prio.band_of.fill(1);
    prio.band_of[kGuaranteed] = 0;
    prio.band_of[kBestEffort] = 2;
    return prio;
}

std::uint32_t priority_of(std::uint32_t wish) {
    return wish == TWY_PRIORITY_GUARANTEED    ? kGuaranteed
           : wish == TWY_PRIORITY_BEST_EFFORT ? kBestEffort
                                              : kBurstable;
}

// Of one address there is one filter, whoever made it.
bool same_place(const Filter& one, const Filter& other) {
    return one.priority == other.priority && one.protocol == other.protocol &&
           one.source == other.source;
}

}  // namespace

std::optional<Rank> rank_of(const sdk::EndpointView& endpoint) {
    Rank rank;
    std::copy(endpoint.eni_mac().begin(), endpoint.eni_mac().end(), rank.eni_mac.bytes.begin());
    if (endpoint.eni_ifindex() == 0 || rank.eni_mac == Mac{}) {
        return std::nullopt;
    }
    rank.eni_hint = endpoint.eni_ifindex();
    rank.eni = endpoint.eni_id();
    for (const auto& address : endpoint.addresses()) {
        rank.addresses.push_back(Prefix::from_abi(address).address());
    }
    rank.wish = endpoint.priority();
    rank.owner = rank_owner(endpoint);
    return rank;
}

std::string rank_owner(const sdk::EndpointView& endpoint) {
    // FNV-1a: names of containers are random, and nobody gains by two that collide.
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char each : endpoint_name(endpoint)) {
        hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3;
    }
    std::string tag;
    for (std::size_t i = 0; i < kTagSize; ++i) {
        tag += "0123456789abcdef"[hash >> (4 * i) & 0xfU];
    }
    return tag;
}

std::string word_of(const Filter& filter) {
    const auto priority = filter.actions.at(0).priority;
    return priority == kGuaranteed   ? "guaranteed"
           : priority == kBestEffort ? "best-effort"
                                     : "burstable";
}

std::vector<Filter> rank_filters(const Rank& rank) {
    std::vector<Filter> all;
    for (const auto& address : rank.addresses) {
        Filter filter;
        filter.hook = netlink::Hook::Egress;
        filter.priority = rank_priority(address.family());
        filter.protocol = address.is_v4() ? ETH_P_IP : ETH_P_IPV6;
        filter.kind = "u32";
        filter.source = address;
        filter.actions = {{Action::Kind::SetPriority, 0, priority_of(rank.wish), rank.owner}};
        all.push_back(std::move(filter));
    }
    return all;
}

bool is_rank(const Filter& filter) {
    return filter.hook == netlink::Hook::Egress && filter.kind == "u32" && filter.source &&
           filter.priority == rank_priority(filter.source->family()) &&
           filter.actions.size() == 1 && filter.actions[0].kind == Action::Kind::SetPriority &&
           filter.actions[0].tag.size() == kTagSize;
}

bool is_rank_of(const Filter& filter, const std::string& owner) {
    return is_rank(filter) && filter.actions[0].tag == owner;
}

RankChange rank_change(const std::vector<Filter>& found, const std::vector<Filter>& wanted,
                       const std::string& owner) {
    RankChange needed;
    std::vector<bool> there(wanted.size(), false);
    for (const auto& filter : found) {
        if (!is_rank(filter)) {
            continue;
        }
        const auto match = std::find_if(wanted.begin(), wanted.end(), [&](const Filter& each) {
            return same_place(each, filter);
        });
        if (match == wanted.end()) {
            if (is_rank_of(filter, owner)) {
                needed.remove.push_back(filter);
            }
            continue;
        }
        const auto index = static_cast<std::size_t>(match - wanted.begin());
        if (there[index]) {
            needed.remove.push_back(filter);
        } else if (!match->same_as(filter)) {
            needed.change.push_back(*match);
            needed.change.back().handle = filter.handle;
        }
        there[index] = true;
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (!there[i]) {
            needed.add.push_back(wanted[i]);
        }
    }
    return needed;
}

std::vector<Qdisc> bands_of(std::uint32_t ifindex, std::uint32_t tx_queues) {
    if (tx_queues <= 1) {
        return {make_qdisc(ifindex, netlink::kRoot, kPrio, bands())};
    }
    std::vector<Qdisc> all{make_qdisc(ifindex, netlink::kRoot, kMq, netlink::Mq{})};
    for (std::uint32_t queue = 1; queue <= std::min(tx_queues, kMostQueues); ++queue) {
        const auto minor = static_cast<std::uint16_t>(queue);
        all.push_back(make_qdisc(ifindex, class_id(kMq, minor),
                                 static_cast<std::uint16_t>(kQueues + minor), bands()));
    }
    return all;
}

bool is_bands(const Qdisc& root) {
    return root.parent == netlink::kRoot &&
           (root.handle == class_id(kMq, 0) || root.handle == class_id(kPrio, 0));
}

}  // namespace terway::bandwidth_tc
