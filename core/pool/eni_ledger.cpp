#include "pool/eni_ledger.hpp"

#include <algorithm>
#include <utility>

namespace terway::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kVSwitchMemory{10};
constexpr minutes kLimitPause{1};
constexpr milliseconds kShort{500};
constexpr seconds kShortAtMost{10};
constexpr seconds kLong{30};
constexpr minutes kLongAtMost{10};
// Then the ENI is replaced by a new one.
constexpr unsigned kPrepareAttempts = 4;

// Otherwise the first of several calls may have been carried out when the next one fails.
bool is_one_call(const cloud::AddressSet& addresses) {
    constexpr std::size_t kAtOnce = 10;  // of IPv4 addresses a whole order's worth
    std::size_t kinds = addresses.ipv4.empty() ? 0 : 1;
    std::size_t most = 0;
    for (const auto size :
         {addresses.ipv6.size(), addresses.ipv4_prefixes.size(), addresses.ipv6_prefixes.size()}) {
        kinds += size == 0 ? 0 : 1;
        most = std::max(most, size);
    }
    return kinds == 1 && most <= kAtOnce;
}

std::string word_of(const Slot& slot) {
    switch (slot.state) {
        case SlotState::Idle:
            return "idle";
        case SlotState::Used:
            return slot.vanished ? "missing" : "used";
        case SlotState::Cooling:
            return slot.reserved_for.empty() ? "cooling" : "reserved";
        case SlotState::Releasing:
            break;
    }
    return "releasing";
}

std::string owner_of(const Slot& slot) {
    if (slot.state == SlotState::Used) {
        return slot.owner;
    }
    return slot.state == SlotState::Cooling ? slot.reserved_for : std::string();
}

std::string word_of(const EniEntry& entry) {
    if (entry.vanished) {
        return "missing";
    }
    if (entry.draining) {
        return "draining";
    }
    return entry.ready ? "ready" : "preparing";
}

}  // namespace

EniLedger::EniLedger(const EniSettings& settings, VSwitchBook::Dice dice)
    : settings_(settings),
      book_(settings),
      quota_(settings, {}),
      vswitches_(settings, std::move(dice)),
      audit_(settings) {}

std::optional<Lease> EniLedger::lease(const Claimant& who, WallTime now, const Addresses& wanted) {
    auto grant = book_.lease(who, now, wanted);
    if (grant) {
        least_idle_ = std::min(least_idle_, book_.idle());
    }
    return grant;
}

void EniLedger::set_limits(const cloud::InstanceLimits& limits) {
    quota_ = EniQuota(settings_, limits);
}

void EniLedger::put_eni(const EniRecord& record, bool ready) {
    auto& entry = book_.add_eni(record);
    entry.ready = ready;
    audit_.dig_up(record.addresses);
}

void EniLedger::owe(const PendingCall& call) {
    owed_.push_back(call);
}

Findings EniLedger::compare(const Reading& reading, WallTime now) {
    auto findings = audit_.compare(book_, reading, now);
    foreign_ = findings.foreign;
    wants_resync_ = false;
    return findings;
}

std::optional<EniLedger::Flight> EniLedger::land(OrderId order) {
    auto flight = flights_.extract(order);
    if (flight.empty()) {
        return std::nullopt;
    }
    if (auto* const entry = book_.eni(flight.mapped().order.eni)) {
        if (entry->order == order) {
            entry->order.reset();
        }
        book_.touch(*entry);
    }
    return std::move(flight.mapped());
}

void EniLedger::created(OrderId order, const EniRecord& record, WallTime /*now*/) {
    if (land(order)) {
        growth_ = {};
        creates_ = {};
        put_eni(record, true);
    }
}

void EniLedger::assigned(OrderId order, const cloud::AddressSet& addresses, WallTime /*now*/) {
    const auto flight = flights_.find(order);
    if (flight == flights_.end()) {
        return;
    }
    growth_ = {};
    audit_.dig_up(addresses);
    book_.add_addresses(flight->second.order.eni, addresses);
    flight->second.coming = 0;
}

void EniLedger::prepared(OrderId order, std::uint32_t ifindex) {
    const auto flight = land(order);
    auto* const entry = flight ? book_.eni(flight->order.eni) : nullptr;
    if (entry != nullptr) {
        of_eni_.erase(flight->order.eni);
        entry->place.ifindex = ifindex;
        entry->ready = true;
        entry->paused_until = {};
        entry->reason.clear();
    }
}

void EniLedger::done(OrderId order, WallTime now) {
    const auto flight = land(order);
    if (!flight) {
        return;
    }
    const auto& id = flight->order.eni;
    of_eni_.erase(id);
    if (auto* const entry = book_.eni(id)) {
        entry->paused_until = {};
        entry->reason.clear();
    }
    switch (flight->order.kind) {
        case OrderKind::Create:
        case OrderKind::Assign:
        case OrderKind::Prepare:
            break;
        case OrderKind::Unassign:
            audit_.bury(flight->order.addresses, now);
            book_.remove_set_aside(id);
            vswitches_.freed(flight->order.vswitch);
            break;
        case OrderKind::Delete:
            vswitches_.freed(flight->order.vswitch);
            book_.drop_eni(id);
            break;
        case OrderKind::Forget:
            book_.drop_eni(id);
            break;
    }
}

void EniLedger::pause(Pause& what, milliseconds first, milliseconds most, const Failure& failure,
                      WallTime now) {
    const auto doublings = std::min(what.failures++, 10U);
    const auto span = std::min(first * (1U << doublings), most);
    what.until = now + std::max(span, failure.retry_after);
    what.reason = failure.text;
}

void EniLedger::failed(OrderId order, const Failure& failure, WallTime now) {
    const auto flight = land(order);
    if (!flight) {
        return;
    }
    if (failure.open) {
        owed_.push_back(*failure.open);
    }
    const auto kind = flight->order.kind;
    if (kind == OrderKind::Create || kind == OrderKind::Assign) {
        react(*flight, failure, now);
        return;
    }
    auto& own = of_eni_[flight->order.eni];
    pause(own, kShort, kLongAtMost, failure, now);
    if (auto* const entry = book_.eni(flight->order.eni)) {
        entry->paused_until = own.until;
        entry->reason = own.reason;
        if (kind == OrderKind::Prepare) {
            entry->draining = own.failures >= kPrepareAttempts;
            return;
        }
    }
    const bool certainly_not_done = failure.reaction != cloud::Reaction::Unknown &&
                                    failure.reaction != cloud::Reaction::NotAssigned;
    if (kind == OrderKind::Unassign && certainly_not_done && is_one_call(flight->order.addresses)) {
        book_.take_back(flight->order.eni);
    } else {
        wants_resync_ = true;
    }
}

void EniLedger::react(const Flight& flight, const Failure& failure, WallTime now) {
    const auto& vswitch = flight.order.vswitch;
    const bool creates = flight.order.kind == OrderKind::Create;
    const auto pause_eni = [&](milliseconds first, milliseconds most) {
        if (creates) {
            pause(creates_, first, most, failure, now);
            return;
        }
        auto& own = of_eni_[flight.order.eni];
        pause(own, first, most, failure, now);
        if (auto* const entry = book_.eni(flight.order.eni)) {
            entry->paused_until = own.until;
            entry->reason = own.reason;
        }
    };
    switch (failure.reaction) {
        case cloud::Reaction::VSwitchFull:
            vswitches_.exhausted(vswitch, now + kVSwitchMemory);
            break;
        case cloud::Reaction::NoIpv6:
        case cloud::Reaction::BadVSwitch:
            if (creates) {
                vswitches_.dropped(vswitch, "cannot be used: " + failure.text,
                                   now + kVSwitchMemory);
            } else {
                pause_eni(kLong, kLongAtMost);
            }
            break;
        case cloud::Reaction::EniLimit:
        case cloud::Reaction::AddressLimit:
        case cloud::Reaction::Gone:
        case cloud::Reaction::NotAssigned:
            pause_eni(kLimitPause, kLongAtMost);
            wants_resync_ = true;
            break;
        case cloud::Reaction::AccountLimit:
        case cloud::Reaction::Forbidden:
        case cloud::Reaction::BadCredentials:
            pause(growth_, kLong, kLongAtMost, failure, now);
            break;
        case cloud::Reaction::Permanent:
        case cloud::Reaction::AddressTaken:
            pause_eni(kLong, kLongAtMost);
            break;
        case cloud::Reaction::Unknown:
            wants_resync_ = true;
            pause(growth_, kShort, kShortAtMost, failure, now);
            break;
        case cloud::Reaction::Throttled:
        case cloud::Reaction::StaleSession:
        case cloud::Reaction::ClockSkew:
        case cloud::Reaction::Replayed:
            pause(growth_, kShort, kShortAtMost, failure, now);
            break;
        case cloud::Reaction::Conflict:
        case cloud::Reaction::SpoiledToken:
        case cloud::Reaction::WrongState:
            pause_eni(kShort, kShortAtMost);
            break;
    }
}

void EniLedger::progress(OrderId order, const std::string& eni, const std::string& state) {
    if (const auto flight = flights_.find(order); flight != flights_.end()) {
        flight->second.eni = eni;
        flight->second.state = state;
        flight->second.setback.clear();
    }
}

void EniLedger::setback(OrderId order, const std::string& reason) {
    if (const auto flight = flights_.find(order); flight != flights_.end()) {
        flight->second.setback = reason;
    }
}

std::set<std::string> EniLedger::under_way() const {
    std::set<std::string> out;
    for (const auto& [_, flight] : flights_) {
        if (!flight.eni.empty()) {
            out.insert(flight.eni);
        }
    }
    return out;
}

std::string EniLedger::fullness() const {
    const auto whose = quota_.is_cut() ? "max_enis" : "its instance type " + quota_.limits().type;
    return "the node has all the addresses " + whose +
           " allows: " + std::to_string(book_.enis().size()) + " of " +
           std::to_string(quota_.enis()) + " ENIs with up to " +
           std::to_string(quota_.endpoints()) + " endpoints each, " + std::to_string(book_.used()) +
           " in use, " + std::to_string(book_.cooling()) + " cooling" +
           (foreign_ == 0 ? "" : ", " + std::to_string(foreign_) + " places taken by other ENIs");
}

std::vector<std::string> EniLedger::troubles(WallTime now) const {
    std::vector<std::string> out;
    for (const auto* const each : {&growth_, &creates_}) {
        if (each->until > now) {
            out.push_back(each->reason);
        }
    }
    for (const auto& [_, flight] : flights_) {
        if (!flight.setback.empty()) {
            out.push_back(flight.setback);
        }
    }
    if (!quota_.known()) {
        out.emplace_back("the limits of the instance type are not known yet");
        return out;
    }
    bool room = free_places() > 0 || creating() > 0;
    for (const auto& [id, entry] : book_.enis()) {
        room = room || quota_.spare(entry) > 0;
        if (entry.vanished) {
            out.push_back("ENI " + id + " has vanished; " + std::to_string(entry.used) +
                          " endpoints still use it");
        } else if (entry.paused_until > now && !entry.reason.empty()) {
            out.push_back("ENI " + id + ": " + entry.reason);
        }
    }
    if (!room) {
        if (book_.idle() == 0) {
            out.push_back(fullness());
        }
        return out;
    }
    const auto of_vswitches = vswitches_.troubles(now);
    out.insert(out.end(), of_vswitches.begin(), of_vswitches.end());
    return out;
}

PoolPicture EniLedger::picture(WallTime now) const {
    PoolPicture out;
    out.capacity = quota_.known() ? quota_.enis() * quota_.endpoints() : 0;
    out.used = book_.used();
    out.idle = book_.idle();
    if (settings_.exclusive) {
        const auto places = quota_.enis() > foreign_ ? quota_.enis() - foreign_ : 0;
        out.exclusive_enis = DeviceCount{places, out.used, out.idle};
        out.capacity = places;
    }
    out.troubles = troubles(now);
    std::map<std::string, EniPicture> enis;
    for (const auto& [id, entry] : book_.enis()) {
        auto& eni = enis[id];
        eni.place = entry.place;
        eni.vswitch = entry.vswitch;
        eni.exclusive = settings_.exclusive;
        eni.state = word_of(entry);
        eni.reason = entry.paused_until > now ? entry.reason : std::string();
        eni.prefixes = {};
        const auto record = book_.record(id);
        eni.prefixes = record.addresses.ipv4_prefixes;
        eni.prefixes.insert(eni.prefixes.end(), record.addresses.ipv6_prefixes.begin(),
                            record.addresses.ipv6_prefixes.end());
        for (const auto& address : audit_.unconfirmed(id)) {
            eni.addresses.push_back({address, "unconfirmed", {}});
        }
    }
    for (const auto& [address, slot] : book_.slots()) {
        const auto found = enis.find(slot.eni);
        if (found == enis.end()) {
            out.used_outside += slot.state == SlotState::Used ? 1 : 0;
        } else if (address.is_v4() || !settings_.prefixes || slot.state != SlotState::Idle) {
            found->second.addresses.push_back({address, word_of(slot), owner_of(slot)});
        }
    }
    for (const auto& [_, flight] : flights_) {
        if (flight.order.kind == OrderKind::Create) {
            auto& eni = enis[flight.eni.empty() ? "(order " + std::to_string(flight.order.id) + ")"
                                                : flight.eni];
            eni.place.id = flight.eni;
            eni.exclusive = settings_.exclusive;
            eni.vswitch = flight.order.vswitch;
            eni.state = flight.state;
        }
    }
    for (auto& [_, eni] : enis) {
        out.enis.push_back(std::move(eni));
    }
    return out;
}

}  // namespace terway::pool
