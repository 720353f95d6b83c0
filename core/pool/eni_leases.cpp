#include <algorithm>
#include <utility>

#include "pool/eni_book.hpp"
#include "terway/error.hpp"

namespace terway::pool {
namespace {

const IpAddress* of_family(const Addresses& addresses, Family family) {
    const auto found = std::find_if(addresses.begin(), addresses.end(),
                                    [&](const auto& each) { return each.family() == family; });
    return found == addresses.end() ? nullptr : &*found;
}

std::string list(const Addresses& addresses) {
    std::string out;
    for (const auto& address : addresses) {
        out += (out.empty() ? "" : ", ") + address.text();
    }
    return out.empty() ? "none" : out;
}

// The fullest shelf that has an idle address: so others empty and can go.
const Shelf* densest(const std::vector<Shelf>& shelves) {
    const Shelf* best = nullptr;
    for (const auto& shelf : shelves) {
        if (!shelf.idle.empty() && (best == nullptr || shelf.busy() > best->busy())) {
            best = &shelf;
        }
    }
    return best;
}

}  // namespace

std::chrono::milliseconds EniBook::rest_of(const std::string& sticky) const {
    return sticky.empty() ? settings_.cool_down
                          : std::max(settings_.cool_down, settings_.sticky_for);
}

void EniBook::check_wanted(const Addresses& wanted) const {
    for (const auto& address : wanted) {
        if (of_family(wanted, address.family()) != &address) {
            throw Error(Status::Invalid, "two addresses of one family are wanted: " + list(wanted));
        }
        if (!settings_.wants(address.family())) {
            throw Error(Status::Invalid, "wanted address " + address.text() +
                                             " is of a family that this pool does not serve");
        }
    }
}

bool EniBook::may_have(const Claimant& who, const IpAddress& address) const {
    const auto* const slot = find(address);
    if (slot == nullptr) {
        return false;
    }
    return slot->state == SlotState::Idle ||
           (slot->state == SlotState::Cooling && !held_.contains(address) &&
            (slot->owner == who.owner ||
             (!who.sticky.empty() && slot->reserved_for == who.sticky)));
}

bool EniBook::complete(EniEntry& eni, Addresses& addresses) const {
    Addresses out;
    for (const auto family : families_) {
        if (const auto* const given = of_family(addresses, family)) {
            out.push_back(*given);
            continue;
        }
        const auto* const shelf = densest(eni.shelves.at(family == Family::V4 ? 0 : 1));
        if (shelf == nullptr) {
            return false;
        }
        out.push_back(shelf->idle.begin()->second);
    }
    addresses = std::move(out);
    return eni.ready && !eni.draining;
}

std::optional<Addresses> EniBook::wanted_ones(const Claimant& who, const Addresses& wanted) {
    for (const auto& address : wanted) {
        if (!may_have(who, address) || find(address)->eni != find(wanted.front())->eni) {
            return std::nullopt;
        }
    }
    auto* const home = eni(find(wanted.front())->eni);
    auto out = wanted;
    return home != nullptr && complete(*home, out) ? std::optional(out) : std::nullopt;
}

std::optional<Addresses> EniBook::reserved_ones(const Claimant& who) const {
    if (who.sticky.empty()) {
        return std::nullopt;
    }
    std::map<std::string, Addresses> found;
    for (const auto& [_, address] : ripening_) {
        const auto& slot = slots_.at(address);
        const auto home = enis_.find(slot.eni);
        auto& sofar = found[slot.eni];
        if (slot.reserved_for == who.sticky && home != enis_.end() && home->second.ready &&
            !home->second.draining && of_family(sofar, address.family()) == nullptr) {
            sofar.push_back(address);
            if (sofar.size() == families_.size()) {
                std::sort(sofar.begin(), sofar.end());
                return sofar;
            }
        }
    }
    return std::nullopt;
}

std::optional<Addresses> EniBook::any_ones() const {
    const EniEntry* best = nullptr;
    for (const auto& [_, eni] : enis_) {
        if (idle_on(eni) > 0 && (best == nullptr || eni.used > best->used)) {
            best = &eni;
        }
    }
    if (best == nullptr) {
        return std::nullopt;
    }
    Addresses out;
    for (const auto family : families_) {
        const auto* const shelf = densest(best->shelves.at(family == Family::V4 ? 0 : 1));
        out.push_back(shelf->idle.begin()->second);
    }
    return out;
}

std::optional<Lease> EniBook::lease(const Claimant& who, WallTime now, const Addresses& wanted) {
    expire(now);
    if (const auto known = leases_.find(who.owner); known != leases_.end()) {
        const auto home = enis_.find(known->second.eni);
        if (home == enis_.end() || !home->second.ready) {
            return std::nullopt;
        }
        return Lease{known->second.addresses, home->second.place};
    }
    check_wanted(wanted);
    auto chosen = wanted.empty() ? reserved_ones(who) : wanted_ones(who, wanted);
    if (!chosen && wanted.empty()) {
        chosen = any_ones();
    }
    if (!chosen) {
        return std::nullopt;
    }
    auto& home = enis_.at(slots_.at(chosen->front()).eni);
    Lease lease{*chosen, home.place};
    for (const auto& address : *chosen) {
        auto& slot = slots_.at(address);
        change(address, slot, SlotState::Used);
        slot.owner = who.owner;
        slot.reserved_for.clear();
    }
    ++home.used;
    leases_[who.owner] = {std::move(*chosen), who.sticky, home.place.id};
    return lease;
}

void EniBook::claim(const Claimant& who, const Addresses& addresses, const std::string& id) {
    if (const auto known = leases_.find(who.owner); known != leases_.end()) {
        if (known->second.addresses == addresses) {
            return;
        }
        throw Error(Status::Internal, who.owner + " claims " + list(addresses) +
                                          " but already has " + list(known->second.addresses));
    }
    for (auto each = addresses.begin(); each != addresses.end(); ++each) {
        const auto* const other = find(*each);
        if (other != nullptr && other->state == SlotState::Used) {
            throw Error(Status::Internal, "address " + each->text() + " is claimed by " +
                                              who.owner + " but in use by " + other->owner);
        }
        if (std::find(addresses.begin(), each, *each) != each) {
            throw Error(Status::Internal, who.owner + " claims address " + each->text() + " twice");
        }
    }
    auto* const home = eni(id);
    for (const auto& address : addresses) {
        if (const auto* const known = find(address); known != nullptr && known->eni != id) {
            erase(address);
        }
        const auto [slot, is_new] = slots_.try_emplace(address);
        if (is_new) {
            slot->second.eni = id;
            slot->second.state = SlotState::Used;
            if (home != nullptr) {
                ++shelf_of(*home, address)->size;
            }
        } else {
            change(address, slot->second, SlotState::Used);
        }
        slot->second.owner = who.owner;
        slot->second.reserved_for.clear();
    }
    if (home != nullptr) {
        ++home->used;
    }
    leases_[who.owner] = {addresses, who.sticky, id};
}

bool EniBook::is_used(const std::string& id) const {
    return std::any_of(leases_.begin(), leases_.end(),
                       [&](const auto& each) { return each.second.eni == id; });
}

EniBook::Holding EniBook::drop(const Owner& owner) {
    auto lease = leases_.extract(owner);
    if (lease.empty()) {
        return {};
    }
    if (auto* const home = eni(lease.mapped().eni)) {
        --home->used;
    }
    return std::move(lease.mapped());
}

void EniBook::release(const Owner& owner, WallTime now) {
    const auto holding = drop(owner);
    if (auto* const home = eni(holding.eni); home != nullptr && settings_.exclusive) {
        home->ready = false;
    }
    for (const auto& address : holding.addresses) {
        auto& slot = slots_.at(address);
        if (slot.vanished) {
            erase(address);
            continue;
        }
        slot.reserved_for = holding.sticky;
        cool(address, slot, now + rest_of(holding.sticky));
    }
    expire(now);
}

void EniBook::give_back(const Owner& owner) {
    for (const auto& address : drop(owner).addresses) {
        auto& slot = slots_.at(address);
        if (slot.vanished || eni(slot.eni) == nullptr) {
            erase(address);
        } else if (held_.contains(address)) {
            cool(address, slot, WallTime::min());
        } else {
            change(address, slot, SlotState::Idle);
        }
    }
}

void EniBook::hold(const Addresses& addresses) {
    for (const auto& address : addresses) {
        auto* const slot = find(address);
        if (++held_[address] == 1 && slot != nullptr && slot->state == SlotState::Cooling) {
            ripening_.erase({slot->until, address});
        }
        if (slot != nullptr && slot->state == SlotState::Idle) {
            cool(address, *slot, WallTime::min());
        }
    }
}

void EniBook::unhold(const Addresses& addresses, WallTime now) {
    for (const auto& address : addresses) {
        const auto held = held_.find(address);
        if (held == held_.end() || --held->second > 0) {
            continue;
        }
        held_.erase(held);
        const auto* const slot = find(address);
        if (slot != nullptr && slot->state == SlotState::Cooling) {
            ripening_.emplace(slot->until, address);
        }
    }
    expire(now);
}

void EniBook::restore_cooling(const CoolingAddress& cooling, WallTime now) {
    auto& slot = slots_[cooling.address];
    if (slot.state == SlotState::Used || slot.state == SlotState::Releasing) {
        return;
    }
    slot.reserved_for = cooling.reserved_for;
    if (slot.owner.empty()) {
        slot.owner = "?";
    }
    cool(cooling.address, slot, std::min(cooling.until, now + rest_of(cooling.reserved_for)));
    slot.reserved_for = cooling.reserved_for;
    expire(now);
}

void EniBook::expire(WallTime now) {
    if (now < last_now_) {
        auto late = ripening_;
        for (const auto& [until, address] : late) {
            auto& slot = slots_.at(address);
            const auto latest = now + rest_of(slot.reserved_for);
            if (until > latest) {
                change(address, slot, SlotState::Used);
                slot.until = latest;
                change(address, slot, SlotState::Cooling);
            }
        }
    }
    last_now_ = now;
    while (!ripening_.empty() && ripening_.begin()->first <= now) {
        const auto address = ripening_.begin()->second;
        auto& slot = slots_.at(address);
        if (eni(slot.eni) == nullptr) {
            erase(address);
        } else {
            change(address, slot, SlotState::Idle);
        }
    }
}

}  // namespace terway::pool
