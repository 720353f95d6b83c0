#include "pool/eni_audit.hpp"

#include <algorithm>

namespace terway::pool {
namespace {

constexpr unsigned kTwice = 2;
constexpr std::chrono::minutes kBuried{10};

template <class Range, class Item>
bool has(const Range& range, const Item& item) {
    return std::find(range.begin(), range.end(), item) != range.end();
}

bool shows(const EniRead& read, const IpAddress& address) {
    return has(address.is_v4() ? read.api.ipv4 : read.api.ipv6, address) ||
           read.api.primary == address ||
           (read.nic && has(address.is_v4() ? read.nic->ipv4 : read.nic->ipv6, address));
}

bool shows(const EniRead& read, const Prefix& prefix) {
    return has(prefix.is_v4() ? read.api.ipv4_prefixes : read.api.ipv6_prefixes, prefix) ||
           (read.nic &&
            has(prefix.is_v4() ? read.nic->ipv4_prefixes : read.nic->ipv6_prefixes, prefix));
}

bool shows_twice(const EniRead& read, const IpAddress& address) {
    return has(address.is_v4() ? read.api.ipv4 : read.api.ipv6, address) &&
           (!read.nic || has(address.is_v4() ? read.nic->ipv4 : read.nic->ipv6, address));
}

bool shows_twice(const EniRead& read, const Prefix& prefix) {
    return has(prefix.is_v4() ? read.api.ipv4_prefixes : read.api.ipv6_prefixes, prefix) &&
           (!read.nic ||
            has(prefix.is_v4() ? read.nic->ipv4_prefixes : read.nic->ipv6_prefixes, prefix));
}

// Nothing while API and metadata contradict each other: one of them lags.
template <class What>
std::optional<bool> agreed_on(const EniRead& read, const What& what) {
    if (shows_twice(read, what)) {
        return true;
    }
    return shows(read, what) ? std::nullopt : std::optional(false);
}

// The address of an ENI, or the prefix it lies in.
std::optional<bool> is_there(const EniEntry& entry, const EniRead& read, const IpAddress& address) {
    const auto& shelves = entry.shelves.at(address.is_v4() ? 0 : 1);
    const auto shelf = std::find_if(shelves.begin() + 1, shelves.end(), [&](const Shelf& each) {
        return each.prefix->contains(address);
    });
    return shelf == shelves.end() ? agreed_on(read, address) : agreed_on(read, *shelf->prefix);
}

bool in_any(const EniEntry& entry, const IpAddress& address) {
    const auto& shelves = entry.shelves.at(address.is_v4() ? 0 : 1);
    return std::any_of(shelves.begin() + 1, shelves.end(),
                       [&](const Shelf& shelf) { return shelf.prefix->contains(address); });
}

bool has_tags(const cloud::Tags& tags, const cloud::Tags& all) {
    return std::all_of(all.begin(), all.end(), [&](const auto& each) {
        const auto found = tags.find(each.first);
        return found != tags.end() && found->second == each.second;
    });
}

}  // namespace

void EniAudit::bury(const cloud::AddressSet& addresses, WallTime now) {
    const auto one = [&](const Prefix& what) { buried_[what] = now + kBuried; };
    for (const auto* list : {&addresses.ipv4, &addresses.ipv6}) {
        std::for_each(list->begin(), list->end(),
                      [&](const auto& each) { one(Prefix::host(each)); });
    }
    for (const auto* list : {&addresses.ipv4_prefixes, &addresses.ipv6_prefixes}) {
        std::for_each(list->begin(), list->end(), one);
    }
}

void EniAudit::dig_up(const cloud::AddressSet& addresses) {
    for (const auto* list : {&addresses.ipv4, &addresses.ipv6}) {
        std::for_each(list->begin(), list->end(),
                      [&](const auto& each) { buried_.erase(Prefix::host(each)); });
    }
    for (const auto* list : {&addresses.ipv4_prefixes, &addresses.ipv6_prefixes}) {
        std::for_each(list->begin(), list->end(), [&](const auto& each) { buried_.erase(each); });
    }
}

bool EniAudit::is_usable(const cloud::Eni& eni) const {
    return eni.type == cloud::EniType::Secondary && !eni.service_managed &&
           settings_.has_use(eni.tags) && has_tags(eni.tags, settings_.only_tags) &&
           std::none_of(settings_.block_tags.begin(), settings_.block_tags.end(),
                        [&](const auto& each) {
                            return has_tags(eni.tags, cloud::Tags{{each.first, each.second}});
                        });
}

Addresses EniAudit::unconfirmed(const std::string& eni) const {
    Addresses out;
    for (const auto& [key, _] : sightings_) {
        if (key.first == eni) {
            out.push_back(key.second.address());
        }
    }
    return out;
}

bool EniAudit::seen_twice(const std::string& eni, const Prefix& what, bool seen, Counts& counts) {
    const std::pair key(eni, what);
    if (!seen) {
        counts.erase(key);
        return false;
    }
    if (++counts[key] < kTwice) {
        return false;
    }
    counts.erase(key);
    return true;
}

void EniAudit::compare_addresses(EniBook& book, EniEntry& entry, const EniRead& read,
                                 Findings& findings) {
    const auto& id = entry.place.id;
    Addresses gone;
    for (const auto& [address, slot] : book.slots()) {
        if (slot.eni != id || slot.state == SlotState::Releasing || in_any(entry, address)) {
            continue;
        }
        const bool shown = shows(read, address);
        if (seen_twice(id, Prefix::host(address), !shown, misses_) && !slot.vanished) {
            gone.push_back(address);
        } else if (shown && slot.vanished) {
            book.found_again(address);
        }
    }
    for (const auto& address : gone) {
        (book.lose(address) ? findings.lost_in_use : findings.lost).push_back(address);
        findings.changed.insert(id);
    }
    if (settings_.exclusive) {
        return;  // one endpoint, one address
    }
    cloud::AddressSet fresh;
    const auto look = [&](const std::vector<IpAddress>& both, const std::vector<IpAddress>& other,
                          std::vector<IpAddress>& to) {
        for (const auto& address : both) {
            const auto* const slot = book.find(address);
            const bool strange = (slot == nullptr || slot->eni != id) && has(other, address) &&
                                 !in_any(entry, address) &&
                                 !buried_.contains(Prefix::host(address));
            if (seen_twice(id, Prefix::host(address), strange, sightings_)) {
                to.push_back(address);
                findings.turned_up.push_back(address);
                findings.changed.insert(id);
            }
        }
    };
    if (read.nic && settings_.wants(Family::V4)) {
        look(read.api.ipv4, read.nic->ipv4, fresh.ipv4);
    }
    if (read.nic && settings_.wants(Family::V6)) {
        look(read.api.ipv6, read.nic->ipv6, fresh.ipv6);
    }
    if (!fresh.empty()) {
        book.add_addresses(id, fresh);
    }
}

void EniAudit::compare_prefixes(EniBook& book, EniEntry& entry, const EniRead& read,
                                Findings& findings) {
    const auto& id = entry.place.id;
    std::vector<Prefix> known;
    std::vector<Prefix> gone;
    for (const auto& shelves : entry.shelves) {
        for (const auto& shelf : shelves) {
            if (!shelf.prefix) {
                continue;
            }
            known.push_back(*shelf.prefix);
            if (seen_twice(id, *shelf.prefix, !shows(read, *shelf.prefix), misses_)) {
                gone.push_back(*shelf.prefix);
            }
        }
    }
    for (const auto& prefix : gone) {
        for (const auto& [address, slot] : book.slots()) {
            if (slot.eni == id && slot.state == SlotState::Used && prefix.contains(address)) {
                findings.lost_in_use.push_back(address);
            }
        }
        findings.lost.push_back(prefix.address());
        findings.changed.insert(id);
        book.lose_prefix(id, prefix);
    }
    cloud::AddressSet fresh;
    const auto look = [&](const std::vector<Prefix>& both, const std::vector<Prefix>& other,
                          std::vector<Prefix>& to) {
        for (const auto& prefix : both) {
            if (seen_twice(id, prefix,
                           !has(known, prefix) && has(other, prefix) && !buried_.contains(prefix),
                           sightings_)) {
                to.push_back(prefix);
                findings.turned_up.push_back(prefix.address());
                findings.changed.insert(id);
            }
        }
    };
    if (read.nic) {
        look(read.api.ipv4_prefixes, read.nic->ipv4_prefixes, fresh.ipv4_prefixes);
        look(read.api.ipv6_prefixes, read.nic->ipv6_prefixes, fresh.ipv6_prefixes);
    }
    if (!fresh.empty()) {
        book.add_addresses(id, fresh);
    }
}

Findings EniAudit::compare(EniBook& book, const Reading& reading, WallTime now) {
    std::erase_if(buried_, [&](const auto& each) { return each.second <= now; });
    Findings findings;
    std::map<std::string, const EniRead*> reads;
    for (const auto& read : reading.enis) {
        reads.emplace(read.api.id, &read);
    }
    for (auto& [id, entry] : book.enis()) {
        if (entry.order || entry.draining || entry.changed > reading.began) {
            continue;
        }
        const auto found = reads.find(id);
        const bool attached = found != reads.end() &&
                              found->second->api.instance == settings_.instance &&
                              found->second->api.status == cloud::EniStatus::InUse;
        if (!attached) {
            const bool seen = reading.nics.contains(entry.place.mac);
            entry.absences = seen ? 0 : entry.absences + 1;
            if (entry.absences >= kTwice && !entry.vanished) {
                findings.lost_enis.push_back(id);
            }
            continue;
        }
        entry.absences = 0;
        if (!entry.ready && settings_.exclusive) {
            continue;  // an order makes it ready
        }
        if (!entry.ready) {
            findings.to_adopt.push_back(*found->second);
            continue;
        }
        if (book.settle_set_aside(
                id, [&mine = entry, &read = *found->second](const IpAddress& address) {
                    return is_there(mine, read, address);
                })) {
            findings.changed.insert(id);
        }
        compare_prefixes(book, entry, *found->second, findings);
        compare_addresses(book, entry, *found->second, findings);
    }
    for (const auto& id : findings.lost_enis) {
        for (const auto& [address, slot] : book.slots()) {
            if (slot.eni == id && slot.state == SlotState::Used) {
                findings.lost_in_use.push_back(address);
            }
        }
        book.lose_eni(id);
    }
    for (const auto& read : reading.enis) {
        if (book.eni(read.api.id) != nullptr || reading.under_way.contains(read.api.id) ||
            read.api.type == cloud::EniType::Primary || read.api.type == cloud::EniType::Member) {
            continue;
        }
        if (!is_usable(read.api)) {
            ++findings.foreign;
        } else if (read.nic && read.api.status == cloud::EniStatus::InUse) {
            findings.to_adopt.push_back(read);
        }
    }
    return findings;
}

}  // namespace terway::pool
