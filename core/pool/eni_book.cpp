#include "pool/eni_book.hpp"

#include <algorithm>

namespace terway::pool {
namespace {

// A /80 has more addresses than a node has pods; these are enough and let each rest for long.
constexpr std::uint64_t kAddressesOfPrefix = 512;

std::size_t index_of(Family family) {
    return family == Family::V4 ? 0 : 1;
}

std::uint64_t size_of(const Prefix& prefix) {
    const unsigned host_bits = prefix.address().bits() - prefix.length();
    return host_bits >= 9 ? kAddressesOfPrefix : std::uint64_t{1} << host_bits;
}

}  // namespace

std::size_t EniEntry::idle(Family family) const {
    std::size_t out = 0;
    for (const auto& shelf : shelves[index_of(family)]) {
        out += shelf.idle.size();
    }
    return out;
}

std::size_t EniEntry::prefixes(Family family) const {
    return shelves[index_of(family)].size() - 1;
}

std::size_t EniEntry::slots(Family family) const {
    return shelves[index_of(family)].front().size + prefixes(family);
}

bool EniEntry::untouched() const {
    return std::all_of(shelves.begin(), shelves.end(), [](const auto& of_family) {
        return std::all_of(of_family.begin(), of_family.end(),
                           [](const Shelf& shelf) { return shelf.busy() == 0; });
    });
}

EniBook::EniBook(const EniSettings& settings) : settings_(settings) {
    for (const auto family : {Family::V4, Family::V6}) {
        if (settings.wants(family)) {
            families_.push_back(family);
        }
    }
}

Slot* EniBook::find(const IpAddress& address) {
    const auto found = slots_.find(address);
    return found == slots_.end() ? nullptr : &found->second;
}

const Slot* EniBook::find(const IpAddress& address) const {
    const auto found = slots_.find(address);
    return found == slots_.end() ? nullptr : &found->second;
}

EniEntry* EniBook::eni(const std::string& id) {
    const auto found = enis_.find(id);
    return found == enis_.end() ? nullptr : &found->second;
}

Shelf* EniBook::shelf_of(EniEntry& eni, const IpAddress& address) {
    auto& shelves = eni.shelves.at(index_of(address.family()));
    const auto found = std::find_if(shelves.begin() + 1, shelves.end(), [&](const Shelf& shelf) {
        return shelf.prefix->contains(address);
    });
    return found == shelves.end() ? &shelves.front() : &*found;
}

void EniBook::change(const IpAddress& address, Slot& slot, SlotState to) {
    auto* const home = eni(slot.eni);
    auto* const shelf = home == nullptr ? nullptr : shelf_of(*home, address);
    if (slot.state == SlotState::Idle && shelf != nullptr) {
        shelf->idle.erase({slot.rested, address});
    }
    if (slot.state == SlotState::Cooling) {
        ripening_.erase({slot.until, address});
        --cooling_.at(index_of(address.family()));
    }
    slot.state = to;
    if (to == SlotState::Cooling) {
        ++cooling_.at(index_of(address.family()));
        if (!held_.contains(address)) {
            ripening_.emplace(slot.until, address);
        }
    }
    if (to == SlotState::Idle) {
        slot.rested = ++stamp_;
        slot.reserved_for.clear();
        if (shelf != nullptr) {
            shelf->idle.emplace(slot.rested, address);
        }
    }
}

void EniBook::cool(const IpAddress& address, Slot& slot, WallTime until) {
    if (slot.state == SlotState::Cooling) {
        until = std::max(until, slot.until);
    }
    change(address, slot, SlotState::Used);
    slot.until = until;
    change(address, slot, SlotState::Cooling);
}

void EniBook::erase(const IpAddress& address) {
    auto* const slot = find(address);
    if (slot == nullptr) {
        return;
    }
    change(address, *slot, SlotState::Releasing);
    if (auto* const home = eni(slot->eni)) {
        --shelf_of(*home, address)->size;
    }
    slots_.erase(address);
}

void EniBook::put(const std::string& id, Shelf& shelf, const IpAddress& address) {
    const auto [entry, is_new] = slots_.try_emplace(address);
    auto& slot = entry->second;
    if (!is_new) {
        move(address, slot, id);
    }
    slot.eni = id;
    slot.vanished = false;
    slot.misses = 0;
    ++shelf.size;
    if (!is_new) {
        return;
    }
    slot.rested = ++stamp_;
    shelf.idle.emplace(slot.rested, address);
    if (held_.contains(address)) {
        cool(address, slot, WallTime::min());
    }
}

void EniBook::move(const IpAddress& address, const Slot& slot, const std::string& to) {
    auto* const from = eni(slot.eni);
    if (from != nullptr) {
        --shelf_of(*from, address)->size;
    }
    const auto holding = leases_.find(slot.owner);
    if (slot.state != SlotState::Used || holding == leases_.end() || holding->second.eni == to) {
        return;
    }
    if (auto* const former = eni(holding->second.eni)) {
        --former->used;
    }
    holding->second.eni = to;
    ++enis_.at(to).used;
}

EniEntry& EniBook::add_eni(const EniRecord& record) {
    const auto& id = record.place.id;
    const auto [entry, is_new] = enis_.try_emplace(id);
    entry->second.place = record.place;
    entry->second.vswitch = record.vswitch;
    entry->second.primary = record.primary;
    entry->second.vanished = false;
    if (is_new) {
        for (const auto& [address, slot] : slots_) {
            if (slot.eni == id) {
                ++shelf_of(entry->second, address)->size;
            }
        }
        entry->second.used = static_cast<std::size_t>(
            std::count_if(leases_.begin(), leases_.end(),
                          [&](const auto& each) { return each.second.eni == id; }));
    }
    add_addresses(id, record.addresses);
    touch(entry->second);
    return entry->second;
}

void EniBook::add_addresses(const std::string& id, const cloud::AddressSet& addresses) {
    auto* const home = eni(id);
    if (home == nullptr) {
        return;
    }
    const auto add = [&](const IpAddress& address) {
        const auto* const known = find(address);
        if (known != nullptr && known->eni == id) {
            found_again(address);
            return;
        }
        if (known != nullptr && !known->eni.empty() && known->state != SlotState::Used) {
            erase(address);
        }
        put(id, *shelf_of(*home, address), address);
    };
    const auto add_prefix = [&](const Prefix& prefix) {
        auto& shelves = home->shelves.at(index_of(prefix.family()));
        if (std::any_of(shelves.begin() + 1, shelves.end(),
                        [&](const Shelf& shelf) { return shelf.prefix == prefix; })) {
            return;
        }
        Shelf shelf;
        shelf.prefix = prefix;
        for (const auto& [address, slot] : slots_) {
            if (slot.eni == id && prefix.contains(address)) {
                --shelves.front().size;
                ++shelf.size;
            }
        }
        shelves.push_back(std::move(shelf));
        for (std::uint64_t i = 0; i < size_of(prefix); ++i) {
            add(prefix.address().plus(i));
        }
    };
    if (settings_.wants(Family::V4)) {
        std::for_each(addresses.ipv4_prefixes.begin(), addresses.ipv4_prefixes.end(), add_prefix);
        std::for_each(addresses.ipv4.begin(), addresses.ipv4.end(), add);
    }
    if (settings_.wants(Family::V6)) {
        std::for_each(addresses.ipv6_prefixes.begin(), addresses.ipv6_prefixes.end(), add_prefix);
        std::for_each(addresses.ipv6.begin(), addresses.ipv6.end(), add);
    }
    touch(*home);
}

cloud::AddressSet EniBook::set_aside(const std::string& id, const cloud::AddressSet& addresses) {
    cloud::AddressSet out;
    auto* const home = eni(id);
    const auto aside = [&](const IpAddress& address) {
        auto* const slot = find(address);
        if (slot == nullptr || slot->eni != id || slot->state != SlotState::Idle) {
            return false;
        }
        change(address, *slot, SlotState::Releasing);
        return true;
    };
    const auto singles = [&](const std::vector<IpAddress>& from, std::vector<IpAddress>& to) {
        std::copy_if(from.begin(), from.end(), std::back_inserter(to), [&](const auto& address) {
            return address != home->primary && aside(address);
        });
    };
    const auto prefixes = [&](const std::vector<Prefix>& from, std::vector<Prefix>& to) {
        for (const auto& prefix : from) {
            for (const auto& shelf : home->shelves.at(index_of(prefix.family()))) {
                if (shelf.prefix != prefix || shelf.busy() != 0) {
                    continue;
                }
                const auto idle = shelf.idle;
                std::for_each(idle.begin(), idle.end(),
                              [&](const auto& each) { (void)aside(each.second); });
                to.push_back(prefix);
            }
        }
    };
    if (home != nullptr) {
        singles(addresses.ipv4, out.ipv4);
        singles(addresses.ipv6, out.ipv6);
        prefixes(addresses.ipv4_prefixes, out.ipv4_prefixes);
        prefixes(addresses.ipv6_prefixes, out.ipv6_prefixes);
    }
    return out;
}

void EniBook::take_back(const std::string& id) {
    (void)settle_set_aside(id, [](const IpAddress&) { return true; });
}

void EniBook::remove_set_aside(const std::string& id) {
    (void)settle_set_aside(id, [](const IpAddress&) { return false; });
}

bool EniBook::settle_set_aside(const std::string& id, const Found& is_there) {
    std::vector<std::pair<IpAddress, bool>> settled;
    for (const auto& [address, slot] : slots_) {
        if (slot.eni == id && slot.state == SlotState::Releasing) {
            if (const auto found = is_there(address)) {
                settled.emplace_back(address, *found);
            }
        }
    }
    bool lost = false;
    for (const auto& [address, there] : settled) {
        if (!there) {
            erase(address);
            lost = true;
            continue;
        }
        auto& slot = slots_.at(address);
        change(address, slot, SlotState::Idle);
        if (held_.contains(address)) {
            cool(address, slot, WallTime::min());
        }
    }
    auto* const home = lost ? eni(id) : nullptr;
    if (home != nullptr) {
        for (auto& shelves : home->shelves) {
            shelves.erase(std::remove_if(shelves.begin() + 1, shelves.end(),
                                         [](const Shelf& shelf) { return shelf.size == 0; }),
                          shelves.end());
        }
        touch(*home);
    }
    return !settled.empty();
}

bool EniBook::lose(const IpAddress& address) {
    auto* const slot = find(address);
    if (slot == nullptr) {
        return false;
    }
    if (slot->state != SlotState::Used) {
        erase(address);
        return false;
    }
    slot->vanished = true;
    return true;
}

void EniBook::lose_prefix(const std::string& id, const Prefix& prefix) {
    auto* const home = eni(id);
    if (home == nullptr) {
        return;
    }
    std::vector<IpAddress> inside;
    for (const auto& [address, slot] : slots_) {
        if (slot.eni == id && prefix.contains(address)) {
            inside.push_back(address);
        }
    }
    for (const auto& address : inside) {
        (void)lose(address);
    }
    auto& shelves = home->shelves.at(index_of(prefix.family()));
    const auto gone = std::find_if(shelves.begin() + 1, shelves.end(),
                                   [&](const Shelf& shelf) { return shelf.prefix == prefix; });
    if (gone != shelves.end()) {
        shelves.front().size += gone->size;
        shelves.erase(gone);
    }
    touch(*home);
}

void EniBook::lose_eni(const std::string& id) {
    auto* const home = eni(id);
    if (home == nullptr) {
        return;
    }
    std::vector<IpAddress> inside;
    for (const auto& [address, slot] : slots_) {
        if (slot.eni == id) {
            inside.push_back(address);
        }
    }
    for (const auto& address : inside) {
        (void)lose(address);
    }
    home->vanished = true;
    home->ready = false;
    touch(*home);
}

void EniBook::found_again(const IpAddress& address) {
    if (auto* const slot = find(address)) {
        slot->vanished = false;
        slot->misses = 0;
    }
}

void EniBook::drop_eni(const std::string& id) {
    std::vector<IpAddress> idle;
    for (const auto& [address, slot] : slots_) {
        if (slot.eni == id && slot.state != SlotState::Used) {
            idle.push_back(address);
        }
    }
    for (const auto& address : idle) {
        erase(address);
    }
    enis_.erase(id);
}

EniRecord EniBook::record(const std::string& id) const {
    EniRecord out;
    const auto& entry = enis_.at(id);
    out.place = entry.place;
    out.vswitch = entry.vswitch;
    out.primary = entry.primary;
    const auto is_leaving = [&](const Shelf& shelf) {
        return std::any_of(slots_.begin(), slots_.end(), [&](const auto& each) {
            return each.second.state == SlotState::Releasing && shelf.prefix->contains(each.first);
        });
    };
    for (const auto& shelves : entry.shelves) {
        for (const auto& shelf : shelves) {
            if (shelf.prefix && !is_leaving(shelf)) {
                auto& to = shelf.prefix->is_v4() ? out.addresses.ipv4_prefixes
                                                 : out.addresses.ipv6_prefixes;
                to.push_back(*shelf.prefix);
            }
        }
    }
    const auto in_prefix = [](const IpAddress& address, const std::vector<Prefix>& prefixes) {
        return std::any_of(prefixes.begin(), prefixes.end(),
                           [&](const auto& prefix) { return prefix.contains(address); });
    };
    for (const auto& [address, slot] : slots_) {
        if (slot.eni != id || slot.vanished || slot.state == SlotState::Releasing) {
            continue;
        }
        if (address.is_v4() && !in_prefix(address, out.addresses.ipv4_prefixes)) {
            out.addresses.ipv4.push_back(address);
        } else if (!address.is_v4() && !in_prefix(address, out.addresses.ipv6_prefixes)) {
            out.addresses.ipv6.push_back(address);
        }
    }
    return out;
}

std::size_t EniBook::idle_on(const EniEntry& eni) const {
    if (!eni.ready || eni.draining) {
        return 0;
    }
    auto out = eni.idle(families_.front());
    for (const auto family : families_) {
        out = std::min(out, eni.idle(family));
    }
    return out;
}

std::size_t EniBook::idle() const {
    std::size_t out = 0;
    for (const auto& [_, eni] : enis_) {
        out += idle_on(eni);
    }
    return out;
}

std::size_t EniBook::cooling() const {
    return cooling_.at(index_of(families_.front()));
}

std::size_t EniBook::ripe_by(WallTime when) const {
    const auto last = ripening_.upper_bound(
        {when, IpAddress(Family::V6,
                         std::array<std::uint8_t, 16>{255, 255, 255, 255, 255, 255, 255, 255, 255,
                                                      255, 255, 255, 255, 255, 255, 255})});
    const auto ripe = std::count_if(ripening_.begin(), last, [&](const auto& each) {
        return each.second.family() == families_.front();
    });
    return static_cast<std::size_t>(ripe) + held_.size();
}

std::optional<WallTime> EniBook::next_ripe() const {
    return ripening_.empty() ? std::nullopt : std::optional(ripening_.begin()->first);
}

}  // namespace terway::pool
