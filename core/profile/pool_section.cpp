#include "profile/pool_section.hpp"

#include <algorithm>
#include <string_view>

namespace terway::profile {
namespace {

using namespace std::chrono_literals;

// An ENI has at most this many addresses; a node's watermarks beyond it are a slip of the pen.
constexpr std::uint32_t kMostIdle = 4096;
constexpr std::uint32_t kMostEnis = 64;

constexpr auto kEniOnly = {"families", "reclaim_after", "reconcile_every", "leak_grace"};
constexpr auto kSharedOnly = {"min_idle", "max_idle", "warm_up", "max_enis", "prefixes"};
constexpr auto kExclusiveOnly = {"exclusive"};

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

template <class Marks>
void read_marks(Section& section, Marks& marks, std::uint32_t most) {
    section.integer("min_idle", marks.min_idle, 0, most);
    section.integer("max_idle", marks.max_idle, 0, most);
    section.integer("max_enis", marks.max_enis, 0, kMostEnis);
    if (marks.min_idle > marks.max_idle) {
        const auto place = section.place_of("max_idle");
        section.complain(place ? *place : *section.place_of("min_idle"),
                         "max_idle (" + std::to_string(marks.max_idle) +
                             ") must not be less than min_idle (" + std::to_string(marks.min_idle) +
                             ")");
    }
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
    read_marks(pool, into, kMostIdle);
    pool.integer("warm_up", into.warm_up, 0, kMostIdle);
    if (auto exclusive = pool.table("exclusive")) {
        read_marks(*exclusive, into.exclusive, kMostEnis);
        exclusive->finish();
    }
    pool.boolean("prefixes", into.prefixes);
    pool.duration("reclaim_after", into.reclaim_after, 1s, 24h);
    pool.duration("reconcile_every", into.reconcile_every, 1s, 24h);
    pool.duration("leak_grace", into.leak_grace, 1min, 24h);
}

void complain_of_eni_keys(const Table& document, const Profile& profile, Diagnostics& diagnostics) {
    const Entry* pool = document.find("pool");
    if (pool == nullptr) {
        return;
    }
    const auto complain = [&](std::initializer_list<const char*> keys, const char* where) {
        for (const auto* key : keys) {
            if (const Entry* entry = pool->table.find(key)) {
                diagnostics.error(entry->place, std::string(key) + " means something " + where);
            }
        }
    };
    const bool shared = profile.uses(AddressSource::Eni);
    const bool exclusive = profile.uses(AddressSource::ExclusiveEni);
    if (!shared) {
        complain(kSharedOnly, "with source = \"eni\" only");
    }
    if (!exclusive) {
        complain(kExclusiveOnly, "with source = \"exclusive-eni\" only");
    }
    if (!shared && !exclusive) {
        complain(kEniOnly, "with addresses of ENIs only, such as source = \"eni\"");
    }
}

}  // namespace terway::profile
