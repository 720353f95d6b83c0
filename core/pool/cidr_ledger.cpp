#include "pool/cidr_ledger.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "terway/error.hpp"

namespace terway::pool {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

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

}  // namespace

bool CidrLedger::Range::usable(const IpAddress& address) const {
    return address.family() == cidr.family() && first <= address && address <= last;
}

IpAddress CidrLedger::Range::behind(const IpAddress& address) const {
    return address == last ? first : address.plus(1);
}

CidrLedger::Range CidrLedger::make_range(const Prefix& cidr) {
    const auto network = cidr.network();
    const unsigned host_bits = network.address().bits() - network.length();
    const std::uint64_t size = host_bits >= 64 ? kMost : std::uint64_t{1} << host_bits;
    if (host_bits < 2) {
        return {network, network.address(), network.last(), network.address(), size};
    }
    const auto first = network.address().plus(1);
    if (network.is_v4()) {
        return {network, first, first.plus(size - 3), first, size - 2};
    }
    return {network, first, network.last(), first, host_bits >= 64 ? kMost : size - 1};
}

CidrLedger::CidrLedger(const std::vector<Prefix>& cidrs, std::chrono::milliseconds cool_down,
                       std::chrono::milliseconds sticky_for)
    : cool_down_(cool_down), sticky_for_(sticky_for) {
    if (cidrs.size() > 2) {
        throw Error(Status::Invalid,
                    "a node has at most two pod CIDRs, not " + std::to_string(cidrs.size()));
    }
    if (cidrs.size() == 2 && cidrs[0].family() == cidrs[1].family()) {
        throw Error(Status::Invalid, "pod CIDRs " + cidrs[0].text() + " and " + cidrs[1].text() +
                                         " are of the same family; a node has at most one of each");
    }
    if (cool_down.count() < 0) {
        throw Error(Status::Invalid, "cool-down of addresses is negative");
    }
    if (sticky_for.count() < 0) {
        throw Error(Status::Invalid, "reservation of sticky addresses is negative");
    }
    std::transform(cidrs.begin(), cidrs.end(), std::back_inserter(ranges_), make_range);
}

CidrLedger::Range* CidrLedger::range_of(const IpAddress& address) {
    const auto found = std::find_if(ranges_.begin(), ranges_.end(),
                                    [&](const auto& each) { return each.usable(address); });
    return found == ranges_.end() ? nullptr : &*found;
}

bool CidrLedger::busy(const IpAddress& address) const {
    return used_.contains(address) || cooling_.contains(address);
}

void CidrLedger::check_wanted(const Addresses& wanted) const {
    for (const auto& address : wanted) {
        if (of_family(wanted, address.family()) != &address) {
            throw Error(Status::Invalid, "two addresses of one family are wanted: " + list(wanted));
        }
        const auto range = std::find_if(ranges_.begin(), ranges_.end(), [&](const auto& each) {
            return each.cidr.family() == address.family();
        });
        if (range == ranges_.end() || !range->cidr.contains(address)) {
            throw Error(Status::Invalid,
                        "wanted address " + address.text() + " lies outside the node's pod CIDR" +
                            (range == ranges_.end() ? "s" : " " + range->cidr.text()));
        }
        if (!range->usable(address)) {
            throw Error(Status::Invalid, "wanted address " + address.text() +
                                             " is reserved in pod CIDR " + range->cidr.text());
        }
    }
}

bool CidrLedger::may_have(const Owner& owner, const std::string& sticky,
                          const IpAddress& address) const {
    if (!busy(address)) {
        return true;
    }
    const auto found = cooling_.find(address);
    return found != cooling_.end() && !held_.contains(address) &&
           (found->second.last == owner ||
            (!sticky.empty() && found->second.reserved_for == sticky));
}

std::optional<IpAddress> CidrLedger::reserved(const Range& range, const std::string& sticky) const {
    if (sticky.empty()) {
        return std::nullopt;
    }
    const auto found = std::find_if(cooling_.begin(), cooling_.end(), [&](const auto& entry) {
        return entry.second.reserved_for == sticky && range.usable(entry.first) &&
               !held_.contains(entry.first);
    });
    return found == cooling_.end() ? std::nullopt : std::optional(found->first);
}

std::optional<IpAddress> CidrLedger::choose(const Owner& owner, const Range& range,
                                            const Addresses& wanted,
                                            const std::string& sticky) const {
    if (const auto* asked = of_family(wanted, range.cidr.family())) {
        return may_have(owner, sticky, *asked) ? std::optional(*asked) : std::nullopt;
    }
    if (const auto kept = reserved(range, sticky)) {
        return kept;
    }
    if (range.free() == 0) {
        return std::nullopt;
    }
    auto candidate = range.next;
    while (busy(candidate)) {
        candidate = range.behind(candidate);
    }
    return candidate;
}

std::optional<Addresses> CidrLedger::lease(const Owner& owner, WallTime now,
                                           const Addresses& wanted, const std::string& sticky) {
    expire(now);
    if (const auto known = leases_.find(owner); known != leases_.end()) {
        return known->second.addresses;
    }
    if (ranges_.empty()) {
        throw Error(Status::Unsupported, "the node has no pod CIDR");
    }
    check_wanted(wanted);
    Addresses chosen;
    for (const auto& range : ranges_) {
        const auto address = choose(owner, range, wanted, sticky);
        if (!address) {
            return std::nullopt;
        }
        chosen.push_back(*address);
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const bool searched = of_family(wanted, chosen[i].family()) == nullptr && !busy(chosen[i]);
        take(owner, chosen[i]);
        if (searched) {
            ranges_[i].next = ranges_[i].behind(chosen[i]);
        }
    }
    leases_[owner].sticky = sticky;
    return chosen;
}

void CidrLedger::take(const Owner& owner, const IpAddress& address) {
    if (const auto cooling = cooling_.find(address); cooling != cooling_.end()) {
        warm(cooling);
    }
    used_.emplace(address, owner);
    leases_[owner].addresses.push_back(address);
    if (auto* range = range_of(address)) {
        ++range->used;
    }
}

void CidrLedger::claim(const Owner& owner, const Addresses& addresses, const std::string& sticky) {
    if (const auto known = leases_.find(owner); known != leases_.end()) {
        if (known->second.addresses == addresses) {
            return;
        }
        throw Error(Status::Internal, owner + " claims " + list(addresses) + " but already has " +
                                          list(known->second.addresses));
    }
    for (auto each = addresses.begin(); each != addresses.end(); ++each) {
        if (const auto other = used_.find(*each); other != used_.end()) {
            throw Error(Status::Internal, "address " + each->text() + " is claimed by " + owner +
                                              " but in use by " + other->second);
        }
        if (std::find(addresses.begin(), each, *each) != each) {
            throw Error(Status::Internal, owner + " claims address " + each->text() + " twice");
        }
    }
    for (const auto& address : addresses) {
        take(owner, address);
        if (auto* range = range_of(address)) {
            range->next = range->behind(address);
        }
    }
    if (!addresses.empty()) {
        leases_[owner].sticky = sticky;
    }
}

CidrLedger::Holding CidrLedger::drop(const Owner& owner) {
    auto lease = leases_.extract(owner);
    if (lease.empty()) {
        return {};
    }
    for (const auto& address : lease.mapped().addresses) {
        used_.erase(address);
        if (auto* range = range_of(address)) {
            --range->used;
        }
    }
    return std::move(lease.mapped());
}

std::vector<CoolingAddress> CidrLedger::release(const Owner& owner, WallTime now) {
    std::vector<CoolingAddress> released;
    const auto [addresses, sticky] = drop(owner);
    const auto until = now + rest_of(sticky);
    for (const auto& address : addresses) {
        cool(address, {until, owner, sticky});
        released.push_back({address, until, sticky});
    }
    expire(now);
    return released;
}

void CidrLedger::give_back(const Owner& owner) {
    for (const auto& address : drop(owner).addresses) {
        if (held_.contains(address)) {
            cool(address, {WallTime::min(), {}, {}});
        }
    }
}

void CidrLedger::hold(const Addresses& addresses) {
    for (const auto& address : addresses) {
        ++held_[address];
        if (!busy(address)) {
            cool(address, {WallTime::min(), {}, {}});
        }
    }
}

void CidrLedger::unhold(const Addresses& addresses, WallTime now) {
    for (const auto& address : addresses) {
        if (const auto held = held_.find(address); held != held_.end() && --held->second == 0) {
            held_.erase(held);
        }
    }
    expire(now);
}

void CidrLedger::restore_cooling(const CoolingAddress& cooling, WallTime now) {
    if (!used_.contains(cooling.address)) {
        cool(cooling.address, {std::min(cooling.until, now + rest_of(cooling.reserved_for)),
                               {},
                               cooling.reserved_for});
    }
    expire(now);
}

std::chrono::milliseconds CidrLedger::rest_of(const std::string& sticky) const {
    return sticky.empty() ? cool_down_ : std::max(cool_down_, sticky_for_);
}

void CidrLedger::cool(const IpAddress& address, Cooling entry) {
    const auto [known, is_new] = cooling_.try_emplace(address, entry);
    if (!is_new) {
        known->second.until = std::max(known->second.until, entry.until);
    } else if (auto* range = range_of(address)) {
        ++range->cooling;
    }
}

CidrLedger::CoolingMap::iterator CidrLedger::warm(CoolingMap::iterator entry) {
    if (auto* range = range_of(entry->first)) {
        --range->cooling;
    }
    return cooling_.erase(entry);
}

void CidrLedger::expire(WallTime now) {
    const bool jumped_back = now < last_now_;
    last_now_ = now;
    for (auto entry = cooling_.begin(); entry != cooling_.end();) {
        auto& until = entry->second.until;
        if (jumped_back) {
            until = std::min(until, now + rest_of(entry->second.reserved_for));
        }
        entry = until <= now && !held_.contains(entry->first) ? warm(entry) : std::next(entry);
    }
}

std::optional<WallTime> CidrLedger::next_event() const {
    std::optional<WallTime> earliest;
    for (const auto& [address, cooling] : cooling_) {
        if (!held_.contains(address) && (!earliest || cooling.until < *earliest)) {
            earliest = cooling.until;
        }
    }
    return earliest;
}

std::uint64_t CidrLedger::free_by(std::size_t index, WallTime when) const {
    const auto& range = ranges_.at(index);
    const auto ripe = std::count_if(cooling_.begin(), cooling_.end(), [&](const auto& entry) {
        return entry.second.until <= when && range.usable(entry.first);
    });
    return range.free() + static_cast<std::uint64_t>(ripe);
}

std::optional<WallTime> CidrLedger::cools_until(const IpAddress& address) const {
    const auto found = cooling_.find(address);
    return found == cooling_.end() ? std::nullopt : std::optional(found->second.until);
}

std::optional<Owner> CidrLedger::last_owner_of(const IpAddress& address) const {
    const auto found = cooling_.find(address);
    return found == cooling_.end() ? std::nullopt : found->second.last;
}

std::optional<Owner> CidrLedger::owner_of(const IpAddress& address) const {
    const auto found = used_.find(address);
    return found == used_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<CoolingAddress> CidrLedger::cooling() const {
    std::vector<CoolingAddress> out;
    for (const auto& [address, cooling] : cooling_) {
        out.push_back({address, cooling.until, cooling.reserved_for});
    }
    return out;
}

std::vector<CidrCount> CidrLedger::counts() const {
    std::vector<CidrCount> out;
    for (const auto& range : ranges_) {
        out.push_back({range.cidr, range.total, range.used, range.cooling, range.free()});
    }
    return out;
}

std::uint64_t CidrLedger::used_outside() const {
    std::uint64_t inside = 0;
    for (const auto& range : ranges_) {
        inside += range.used;
    }
    return used_.size() - inside;
}

}  // namespace terway::pool
