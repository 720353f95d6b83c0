#include "pool/ledger.hpp"

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

CidrLedger::CidrLedger(const std::vector<Prefix>& cidrs, std::chrono::milliseconds cool_down)
    : cool_down_(cool_down) {
    if (cidrs.empty() || cidrs.size() > 2) {
        throw Error(Status::Invalid,
                    "a node has one or two pod CIDRs, not " + std::to_string(cidrs.size()));
    }
    if (cidrs.size() == 2 && cidrs[0].family() == cidrs[1].family()) {
        throw Error(Status::Invalid, "pod CIDRs " + cidrs[0].text() + " and " + cidrs[1].text() +
                                         " are of the same family; a node has at most one of each");
    }
    if (cool_down.count() < 0) {
        throw Error(Status::Invalid, "cool-down of addresses is negative");
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

bool CidrLedger::may_have(const Owner& owner, const IpAddress& address) const {
    return !busy(address) || (last_owner_of(address) == owner && !held_.contains(address));
}

std::optional<IpAddress> CidrLedger::choose(const Owner& owner, const Range& range,
                                            const Addresses& wanted) const {
    if (const auto* asked = of_family(wanted, range.cidr.family())) {
        return may_have(owner, *asked) ? std::optional(*asked) : std::nullopt;
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
                                           const Addresses& wanted) {
    expire(now);
    if (const auto known = leases_.find(owner); known != leases_.end()) {
        return known->second;
    }
    check_wanted(wanted);
    Addresses chosen;
    for (const auto& range : ranges_) {
        const auto address = choose(owner, range, wanted);
        if (!address) {
            return std::nullopt;
        }
        chosen.push_back(*address);
    }
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        take(owner, chosen[i]);
        if (of_family(wanted, chosen[i].family()) == nullptr) {
            ranges_[i].next = ranges_[i].behind(chosen[i]);
        }
    }
    return chosen;
}

void CidrLedger::take(const Owner& owner, const IpAddress& address) {
    if (const auto cooling = cooling_.find(address); cooling != cooling_.end()) {
        warm(cooling);
    }
    used_.emplace(address, owner);
    leases_[owner].push_back(address);
    if (auto* range = range_of(address)) {
        ++range->used;
    }
}

void CidrLedger::claim(const Owner& owner, const Addresses& addresses) {
    if (const auto known = leases_.find(owner); known != leases_.end()) {
        if (known->second == addresses) {
            return;
        }
        throw Error(Status::Internal, owner + " claims " + list(addresses) + " but already has " +
                                          list(known->second));
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
}

Addresses CidrLedger::drop(const Owner& owner) {
    auto lease = leases_.extract(owner);
    if (lease.empty()) {
        return {};
    }
    for (const auto& address : lease.mapped()) {
        used_.erase(address);
        if (auto* range = range_of(address)) {
            --range->used;
        }
    }
    return std::move(lease.mapped());
}

std::vector<CoolingAddress> CidrLedger::release(const Owner& owner, WallTime now) {
    std::vector<CoolingAddress> released;
    for (const auto& address : drop(owner)) {
        cool(address, now + cool_down_, owner);
        released.push_back({address, now + cool_down_});
    }
    expire(now);
    return released;
}

void CidrLedger::give_back(const Owner& owner) {
    for (const auto& address : drop(owner)) {
        if (held_.contains(address)) {
            cool(address, WallTime::min());
        }
    }
}

void CidrLedger::hold(const Addresses& addresses) {
    for (const auto& address : addresses) {
        ++held_[address];
        if (!busy(address)) {
            cool(address, WallTime::min());
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

void CidrLedger::restore_cooling(const IpAddress& address, WallTime until, WallTime now) {
    if (!used_.contains(address)) {
        cool(address, std::min(until, now + cool_down_));
    }
    expire(now);
}

void CidrLedger::cool(const IpAddress& address, WallTime until, std::optional<Owner> last) {
    const auto [entry, is_new] = cooling_.try_emplace(address, Cooling{until, std::move(last)});
    if (!is_new) {
        entry->second.until = std::max(entry->second.until, until);
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
            until = std::min(until, now + cool_down_);
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
        out.push_back({address, cooling.until});
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
