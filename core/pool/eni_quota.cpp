#include "pool/eni_quota.hpp"

#include <algorithm>
#include <utility>

namespace terway::pool {
namespace {

constexpr std::size_t kIpv4PerCall = 49;
constexpr std::size_t kIpv6PerCreate = 10;
constexpr std::size_t kIpv6PerAssign = 10;
constexpr std::size_t kPrefixesPerCall = 10;
constexpr std::size_t kIpv4OfPrefix = 16;
constexpr std::size_t kIpv6OfPrefix = 512;

std::size_t up(std::size_t count, std::size_t unit) {
    return (count + unit - 1) / unit;
}

std::uint32_t narrow(std::size_t count) {
    return static_cast<std::uint32_t>(count);
}

std::size_t without(std::size_t from, std::size_t what) {
    return from > what ? from - what : 0;
}

}  // namespace

std::size_t EniQuota::enis() const {
    const std::size_t of_type = without(limits_.enis, 1);
    return settings_.max_enis == 0 ? of_type : std::min<std::size_t>(of_type, settings_.max_enis);
}

bool EniQuota::is_cut() const {
    return enis() < without(limits_.enis, 1);
}

std::size_t EniQuota::slots(Family family) const {
    const std::size_t of_type = family == Family::V4 ? limits_.ipv4_per_eni : limits_.ipv6_per_eni;
    return settings_.exclusive ? std::min<std::size_t>(of_type, 1) : of_type;
}

std::size_t EniQuota::per_slot(Family family) const {
    if (!settings_.prefixes) {
        return 1;
    }
    return family == Family::V4 ? kIpv4OfPrefix : kIpv6OfPrefix;
}

std::size_t EniQuota::fewest(std::size_t ipv4, std::size_t ipv6) const {
    switch (settings_.families) {
        case Families::V4:
            return ipv4;
        case Families::V6:
            return ipv6;
        case Families::Dual:
            break;
    }
    return std::min(ipv4, ipv6);
}

std::size_t EniQuota::endpoints() const {
    const auto secondary = without(slots(Family::V4), 1);
    return fewest(1 + secondary * per_slot(Family::V4), slots(Family::V6) * per_slot(Family::V6));
}

std::size_t EniQuota::spare(const EniEntry& eni) const {
    const auto more = [&](Family family) {
        return eni.idle(family) + without(slots(family), eni.slots(family)) * per_slot(family);
    };
    const auto now = fewest(eni.idle(Family::V4), eni.idle(Family::V6));
    return fewest(more(Family::V4), more(Family::V6)) - now;
}

cloud::AddressWish EniQuota::creation(std::size_t endpoints) const {
    cloud::AddressWish wish;
    if (settings_.wants(Family::V4)) {
        const auto room = without(slots(Family::V4), 1);
        if (settings_.prefixes) {
            wish.ipv4_prefixes = narrow(
                std::min({up(without(endpoints, 1), kIpv4OfPrefix), room, kPrefixesPerCall}));
        } else {
            wish.ipv4 = narrow(std::min({without(endpoints, 1), room, kIpv4PerCall}));
        }
    }
    if (settings_.wants(Family::V6)) {
        const auto room = slots(Family::V6);
        if (settings_.prefixes) {
            wish.ipv6_prefixes =
                narrow(std::min({up(endpoints, kIpv6OfPrefix), room, kPrefixesPerCall}));
        } else {
            wish.ipv6 = narrow(std::min({endpoints, room, kIpv6PerCreate}));
        }
    }
    return wish;
}

std::size_t EniQuota::served_by(const cloud::AddressWish& creation) const {
    return fewest(1 + creation.ipv4 + creation.ipv4_prefixes * kIpv4OfPrefix,
                  creation.ipv6 + creation.ipv6_prefixes * kIpv6OfPrefix);
}

cloud::AddressWish EniQuota::addition(const EniEntry& eni, std::size_t endpoints) const {
    cloud::AddressWish wish;
    const auto ready = fewest(eni.idle(Family::V4), eni.idle(Family::V6));
    const auto lack = [&](Family family) {
        return settings_.wants(family) ? without(ready + endpoints, eni.idle(family)) : 0;
    };
    const auto room = [&](Family family) { return without(slots(family), eni.slots(family)); };
    if (settings_.prefixes) {
        wish.ipv4_prefixes = narrow(
            std::min({up(lack(Family::V4), kIpv4OfPrefix), room(Family::V4), kPrefixesPerCall}));
        wish.ipv6_prefixes = narrow(
            std::min({up(lack(Family::V6), kIpv6OfPrefix), room(Family::V6), kPrefixesPerCall}));
    } else {
        wish.ipv4 = narrow(std::min({lack(Family::V4), room(Family::V4), kIpv4PerCall}));
        wish.ipv6 = narrow(std::min({lack(Family::V6), room(Family::V6), kIpv6PerAssign}));
    }
    return wish;
}

std::size_t EniQuota::served_by(const EniEntry& eni, const cloud::AddressWish& more) const {
    const auto now = fewest(eni.idle(Family::V4), eni.idle(Family::V6));
    return fewest(eni.idle(Family::V4) + more.ipv4 + more.ipv4_prefixes * kIpv4OfPrefix,
                  eni.idle(Family::V6) + more.ipv6 + more.ipv6_prefixes * kIpv6OfPrefix) -
           now;
}

}  // namespace terway::pool
