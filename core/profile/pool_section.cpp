#include "profile/pool_section.hpp"

#include <algorithm>
#include <string_view>

namespace terway::profile {
namespace {

using namespace std::chrono_literals;

// An ENI has at most this many addresses; a node's watermarks beyond it are a slip of the pen.
constexpr std::uint32_t kMostIdle = 4096;

constexpr auto kEniOnly = {"families", "min_idle",      "max_idle",        "warm_up",   "max_enis",
                           "prefixes", "reclaim_after", "reconcile_every", "leak_grace"};

bool is_pod_pattern(std::string_view text) {
    return std::count(text.begin(), text.end(), '/') == 1 && text.front() != '/' &&
           text.back() != '/';
}

void read_sticky(Section& pool, Pool& into) {
    for (const Entry* item : pool.strings("sticky_pods")) {
        if (is_pod_pattern(item->string)) {
            into.sticky_pods.push_back(item->string);
        } else {
            pool.complain(item->place, "sticky_pods must hold patterns such as \"default/web-*\"");
        }
    }
    pool.duration("sticky_for", into.sticky_for, 0s, 24h);
}

}  // namespace

void read_pool(Section& pool, Pool& into) {
    pool.choice("source", into.source,
                {{"pod-cidr", AddressSource::PodCidr},
                 {"eni", AddressSource::Eni},
                 {"exclusive-eni", AddressSource::ExclusiveEni}});
    pool.duration("cool_down", into.cool_down, 0s, 1h);
    read_sticky(pool, into);
    pool.choice("families", into.families,
                {{"ipv4", IpFamilies::V4}, {"ipv6", IpFamilies::V6}, {"dual", IpFamilies::Dual}});
    pool.integer("min_idle", into.min_idle, 0, kMostIdle);
    pool.integer("max_idle", into.max_idle, 0, kMostIdle);
    pool.integer("warm_up", into.warm_up, 0, kMostIdle);
    pool.integer("max_enis", into.max_enis, 0, 64);
    pool.boolean("prefixes", into.prefixes);
    pool.duration("reclaim_after", into.reclaim_after, 1s, 24h);
    pool.duration("reconcile_every", into.reconcile_every, 1s, 24h);
    pool.duration("leak_grace", into.leak_grace, 1min, 24h);
    if (into.min_idle > into.max_idle) {
        const auto place = pool.place_of("max_idle");
        pool.complain(place ? *place : *pool.place_of("min_idle"),
                      "max_idle (" + std::to_string(into.max_idle) +
                          ") must not be less than min_idle (" + std::to_string(into.min_idle) +
                          ")");
    }
}

void complain_of_eni_keys(const Table& document, const Profile& profile, Diagnostics& diagnostics) {
    const Entry* pool = document.find("pool");
    if (pool == nullptr || profile.uses(AddressSource::Eni) ||
        profile.uses(AddressSource::ExclusiveEni)) {
        return;
    }
    for (const auto* key : kEniOnly) {
        if (const Entry* entry = pool->table.find(key)) {
            diagnostics.error(entry->place, std::string(key) +
                                                " means something with addresses of ENIs only, "
                                                "such as source = \"eni\"");
        }
    }
}

}  // namespace terway::profile
