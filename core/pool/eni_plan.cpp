#include <algorithm>
#include <utility>

#include "pool/eni_ledger.hpp"

namespace terway::pool {
namespace {

// New ENIs for less than a whole ENI's worth of requests are this far apart.
constexpr std::chrono::milliseconds kMoment{100};
constexpr std::size_t kCreatesAtOnce = 16;
constexpr std::size_t kPerUnassign = 49;

std::size_t without(std::size_t from, std::size_t what) {
    return from > what ? from - what : 0;
}

}  // namespace

std::vector<Order> EniLedger::plan(std::size_t waiting, WallTime now) {
    std::vector<Order> orders;
    book_.expire(now);
    track_idle(now);
    plan_clean_up(now, orders);
    plan_again(now, orders);
    plan_growth(waiting, now, orders);
    plan_reclaim(waiting, now, orders);
    return orders;
}

Order& EniLedger::launch(OrderKind kind, const std::string& eni, std::size_t coming,
                         std::vector<Order>& orders) {
    Order order;
    order.id = next_order_++;
    order.kind = kind;
    order.eni = eni;
    if (auto* const entry = book_.eni(eni)) {
        entry->order = order.id;
        order.place = entry->place;
        order.vswitch = entry->vswitch;
    }
    flights_[order.id] = {order, coming, {}, "creating"};
    orders.push_back(order);
    return orders.back();
}

void EniLedger::track_idle(WallTime now) {
    const auto idle = book_.idle();
    if (now < window_began_) {
        window_began_ = now;
        least_idle_ = idle;
    }
    least_idle_ = std::min(least_idle_, idle);
}

void EniLedger::plan_clean_up(WallTime now, std::vector<Order>& orders) {
    for (const auto& [id, entry] : book_.enis()) {
        if (entry.order || entry.paused_until > now) {
            continue;
        }
        if (entry.draining) {
            (void)launch(OrderKind::Delete, id, 0, orders);
        } else if (entry.vanished && entry.used == 0) {
            (void)launch(OrderKind::Forget, id, 0, orders);
        } else if (settings_.exclusive && !entry.ready && entry.used == 0) {
            (void)launch(OrderKind::Prepare, id, 0, orders);
        }
    }
}

void EniLedger::plan_again(WallTime now, std::vector<Order>& orders) {
    if (growth_.until > now) {
        return;
    }
    std::vector<PendingCall> later;
    for (auto& call : owed_) {
        const auto* const entry = book_.eni(call.eni);
        if (!call.create && entry != nullptr && (entry->order || entry->paused_until > now)) {
            later.push_back(std::move(call));
            continue;
        }
        const auto coming = call.create        ? quota_.served_by(call.create->addresses)
                            : entry == nullptr ? 0
                                               : quota_.served_by(*entry, call.wish);
        auto& order =
            launch(call.create ? OrderKind::Create : OrderKind::Assign, call.eni, coming, orders);
        order.wish = call.create ? call.create->addresses : call.wish;
        if (call.create) {
            order.vswitch = call.create->vswitch;
        }
        order.again = std::move(call);
        flights_.at(order.id).order = order;
    }
    owed_ = std::move(later);
}

std::size_t EniLedger::coming() const {
    std::size_t out = 0;
    for (const auto& [_, flight] : flights_) {
        out += flight.coming;
    }
    return out;
}

std::size_t EniLedger::creating() const {
    return static_cast<std::size_t>(std::count_if(
        flights_.begin(), flights_.end(),
        [](const auto& each) { return each.second.order.kind == OrderKind::Create; }));
}

bool EniLedger::can_grow(const EniEntry& eni, WallTime when) const {
    return eni.ready && !eni.draining && !eni.vanished && eni.paused_until <= when &&
           !vswitches_.is_exhausted(eni.vswitch, when);
}

std::size_t EniLedger::spare_under_way(WallTime when) const {
    std::size_t out = 0;
    for (const auto& [_, flight] : flights_) {
        if (flight.order.kind == OrderKind::Create) {
            out += without(quota_.endpoints(), flight.coming);
            continue;
        }
        const auto entry = book_.enis().find(flight.order.eni);
        if (entry != book_.enis().end() && can_grow(entry->second, when)) {
            out += without(quota_.spare(entry->second), flight.coming);
        }
    }
    return out;
}

std::size_t EniLedger::free_places() const {
    const auto owed = static_cast<std::size_t>(
        std::count_if(owed_.begin(), owed_.end(), [](const auto& each) { return each.create; }));
    return without(quota_.enis(), book_.enis().size() + creating() + owed + foreign_);
}

void EniLedger::plan_growth(std::size_t waiting, WallTime now, std::vector<Order>& orders) {
    holds_back_ = false;
    const auto floor =
        std::size_t{warm_ ? settings_.min_idle : std::max(settings_.min_idle, settings_.warm_up)};
    const auto idle = book_.idle();
    warm_ = warm_ || idle + book_.used() >= floor;
    const auto supply = idle + coming();
    if (!quota_.known() || growth_.until > now || supply >= waiting + floor) {
        return;
    }
    const auto halfway = (settings_.min_idle + std::size_t{settings_.max_idle} + 1) / 2;
    auto missing = waiting + std::max(floor, halfway) - supply;
    plan_assigns(missing, now, orders);
    if (missing > 0) {
        plan_creates(missing, now, orders);
    }
}

void EniLedger::plan_assigns(std::size_t& missing, WallTime now, std::vector<Order>& orders) {
    std::vector<std::pair<std::size_t, std::string>> candidates;
    for (const auto& [id, entry] : book_.enis()) {
        if (!entry.order && can_grow(entry, now) && quota_.spare(entry) > 0) {
            candidates.emplace_back(entry.used, id);
        }
    }
    std::sort(candidates.rbegin(), candidates.rend());
    for (const auto& [_, id] : candidates) {
        if (missing == 0) {
            return;
        }
        const auto& entry = book_.enis().at(id);
        const auto wish = quota_.addition(entry, std::min(missing, quota_.spare(entry)));
        const auto served = quota_.served_by(entry, wish);
        if (served == 0) {
            continue;
        }
        auto& order = launch(OrderKind::Assign, id, served, orders);
        order.wish = wish;
        flights_.at(order.id).order = order;
        missing = without(missing, served);
    }
}

void EniLedger::plan_creates(std::size_t missing, WallTime now, std::vector<Order>& orders) {
    const bool at_once =
        creating() == 0 || !last_create_ || now < *last_create_ || now - *last_create_ >= kMoment;
    const auto full = quota_.endpoints();
    while (full > 0 && missing > spare_under_way(now) && free_places() > 0 &&
           creating() < kCreatesAtOnce && creates_.until <= now) {
        if (!at_once && missing - spare_under_way(now) < full) {
            holds_back_ = true;
            return;
        }
        const auto vswitch = vswitches_.choose(now);
        if (!vswitch) {
            return;
        }
        const auto wish = quota_.creation(std::min(missing, full));
        auto& order = launch(OrderKind::Create, {}, quota_.served_by(wish), orders);
        order.vswitch = *vswitch;
        order.wish = wish;
        flights_.at(order.id).order = order;
        last_create_ = now;
        missing = without(missing, quota_.served_by(wish));
    }
}

void EniLedger::plan_reclaim(std::size_t waiting, WallTime now, std::vector<Order>& orders) {
    if (now - window_began_ < settings_.reclaim_after) {
        return;
    }
    const auto idle = book_.idle();
    auto surplus =
        without(std::min(least_idle_, idle), std::max({settings_.max_idle, settings_.min_idle}));
    window_began_ = now;
    least_idle_ = idle;
    if (waiting > 0 || surplus == 0 || coming() > 0) {
        return;
    }
    plan_deletes(surplus, orders);
    plan_unassigns(surplus, orders);
    least_idle_ = book_.idle();
}

void EniLedger::plan_deletes(std::size_t& surplus, std::vector<Order>& orders) {
    std::vector<std::pair<std::size_t, std::string>> empty;
    for (const auto& [id, entry] : book_.enis()) {
        if (entry.ready && !entry.order && !entry.draining && !entry.vanished && entry.used == 0 &&
            entry.untouched()) {
            empty.emplace_back(book_.idle_on(entry), id);
        }
    }
    std::sort(empty.rbegin(), empty.rend());
    for (const auto& [idle, id] : empty) {
        if (idle <= surplus) {
            book_.eni(id)->draining = true;
            (void)launch(OrderKind::Delete, id, 0, orders);
            surplus -= idle;
        }
    }
}

cloud::AddressSet EniLedger::surplus_of(const EniEntry& eni, std::size_t& surplus) const {
    cloud::AddressSet out;
    auto left = std::min({surplus, book_.idle_on(eni), kPerUnassign});
    if (settings_.prefixes) {
        if (!settings_.wants(Family::V4)) {
            return out;
        }
        const auto& shelves = eni.shelves.front();
        for (auto shelf = shelves.begin() + 1; shelf != shelves.end(); ++shelf) {
            if (shelf->busy() == 0 && shelf->size <= surplus) {
                out.ipv4_prefixes.push_back(*shelf->prefix);
                surplus -= shelf->size;
            }
        }
        return out;
    }
    const auto pick = [&](Family family, std::vector<IpAddress>& to) {
        const auto& idle = eni.shelves.at(family == Family::V4 ? 0 : 1).front().idle;
        for (auto each = idle.rbegin(); each != idle.rend() && to.size() < left; ++each) {
            if (each->second != eni.primary) {
                to.push_back(each->second);
            }
        }
    };
    if (settings_.wants(Family::V4)) {
        pick(Family::V4, out.ipv4);
        left = out.ipv4.size();
    }
    if (settings_.wants(Family::V6)) {
        pick(Family::V6, out.ipv6);
        left = out.ipv6.size();
    }
    surplus -= left;
    return out;
}

void EniLedger::plan_unassigns(std::size_t surplus, std::vector<Order>& orders) {
    std::vector<std::pair<std::size_t, std::string>> emptiest;
    for (const auto& [id, entry] : book_.enis()) {
        if (entry.ready && !entry.order && !entry.draining && !entry.vanished) {
            emptiest.emplace_back(entry.used, id);
        }
    }
    std::sort(emptiest.begin(), emptiest.end());
    for (const auto& [_, id] : emptiest) {
        if (surplus == 0) {
            return;
        }
        const auto addresses = book_.set_aside(id, surplus_of(book_.enis().at(id), surplus));
        if (!addresses.empty()) {
            auto& order = launch(OrderKind::Unassign, id, 0, orders);
            order.addresses = addresses;
            flights_.at(order.id).order = order;
        }
    }
}

std::optional<WallTime> EniLedger::next_event(WallTime now) const {
    std::optional<WallTime> earliest;
    const auto consider = [&](WallTime when) {
        if (when > now) {
            earliest = std::min(earliest.value_or(when), when);
        }
    };
    if (const auto ripe = book_.next_ripe()) {
        consider(*ripe);
    }
    consider(growth_.until);
    consider(creates_.until);
    for (const auto& [_, entry] : book_.enis()) {
        consider(entry.paused_until);
    }
    if (holds_back_ && last_create_) {
        consider(*last_create_ + kMoment);
    }
    if (const auto chance = vswitches_.next_chance(now)) {
        consider(*chance);
    }
    if (window_began_ != WallTime::max()) {
        consider(window_began_ + settings_.reclaim_after);
    }
    return earliest;
}

std::size_t EniLedger::supply_by(WallTime when, WallTime now) const {
    auto out = book_.idle() + book_.ripe_by(when) + coming();
    if (!quota_.known()) {
        return std::size_t(-1);
    }
    for (const auto& call : owed_) {
        out += call.create ? quota_.endpoints() : 0;
    }
    if (growth_.until > when && growth_.until > now) {
        return out;
    }
    for (const auto& [id, entry] : book_.enis()) {
        if (!entry.order && can_grow(entry, when)) {
            out += quota_.spare(entry);
        }
    }
    out += spare_under_way(when);
    if (creates_.until <= when && vswitches_.choose(when)) {
        out += free_places() * quota_.endpoints();
    }
    return out;
}

}  // namespace terway::pool
