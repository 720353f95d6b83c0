#include <algorithm>
#include <set>

#include "sim/model.hpp"
#include "sim/refusal.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

// Where the next prefix of the same length begins.
IpAddress after(const Prefix& prefix) {
    return prefix.last().plus(1);
}

}  // namespace

const Prefix* Model::delegated(const IpAddress& address) const {
    const Prefix around = Prefix(address, delegated_length(address.family())).network();
    const auto found = prefix_owners_.find(around);
    return found == prefix_owners_.end() ? nullptr : &found->first;
}

bool Model::is_free(const std::string& vswitch_id, const Prefix& prefix) const {
    const VSwitch& of = vswitch(vswitch_id);
    const Prefix* whole = of.prefix(prefix.family());
    if (whole == nullptr || prefix.length() < whole->length() ||
        !whole->contains(prefix.address())) {
        return false;
    }
    if (of.reserves(prefix.network().address()) || of.reserves(prefix.last())) {
        return false;
    }
    const auto owned = owners_.lower_bound(prefix.network().address());
    return !prefix_owners_.contains(prefix) &&
           (owned == owners_.end() || owned->first > prefix.last());
}

std::vector<Prefix> Model::free_prefixes(const std::string& vswitch_id, Family family,
                                         std::size_t count) const {
    const Prefix* whole = vswitch(vswitch_id).prefix(family);
    if (whole == nullptr) {
        refuse("vSwitch " + vswitch_id, "has no IPv6 prefix");
    }
    std::vector<Prefix> free;
    const IpAddress end = whole->last();
    for (Prefix next(whole->network().address(), delegated_length(family)); free.size() < count;
         next = Prefix(after(next), delegated_length(family))) {
        if (is_free(vswitch_id, next)) {
            free.push_back(next);
        }
        if (next.last() >= end && free.size() < count) {
            refuse("vSwitch " + vswitch_id,
                   "fewer than " + std::to_string(count) + " free prefixes in " + whole->text());
        }
    }
    return free;
}

std::size_t Model::count_free(const std::string& vswitch_id) const {
    constexpr std::size_t kReserved = 4;
    constexpr std::size_t kDelegated = 16;
    const Prefix& whole = vswitch(vswitch_id).cidr;
    std::size_t taken = kReserved;
    for (const auto& [id, eni] : enis_) {
        if (eni.vswitch != vswitch_id) {
            continue;
        }
        taken += 1 + eni.secondary.size();
        taken += kDelegated * static_cast<std::size_t>(std::count_if(
                                  eni.prefixes.begin(), eni.prefixes.end(),
                                  [](const Prefix& prefix) { return prefix.is_v4(); }));
    }
    return (std::size_t{1} << (32U - whole.length())) - taken;
}

void Model::check_prefixes(const Eni& eni, const std::vector<Prefix>& prefixes) const {
    std::set<Prefix> seen;
    for (const auto& prefix : prefixes) {
        const std::string object = "ENI " + eni.id + ": prefix " + prefix.text();
        if (prefix.length() != delegated_length(prefix.family()) || prefix != prefix.network()) {
            refuse(object, "is no /28 or /80 network");
        }
        if (!is_free(eni.vswitch, prefix)) {
            refuse(object, "is not free in vSwitch " + eni.vswitch);
        }
        if (!seen.insert(prefix).second) {
            refuse(object, "is named twice");
        }
    }
}

void Model::assign_prefixes(const std::string& eni_id, const std::vector<Prefix>& prefixes) {
    check_prefixes(eni(eni_id), prefixes);
    Eni& eni = enis_.at(eni_id);
    for (const auto& prefix : prefixes) {
        eni.prefixes.push_back(prefix);
        prefix_owners_.emplace(prefix, eni_id);
    }
    ++revision_;
}

void Model::unassign_prefixes(const std::string& eni_id, const std::vector<Prefix>& prefixes) {
    (void)eni(eni_id);
    for (const auto& prefix : prefixes) {
        const auto owned = prefix_owners_.find(prefix);
        if (owned == prefix_owners_.end() || owned->second != eni_id) {
            refuse("ENI " + eni_id, "does not own prefix " + prefix.text());
        }
    }
    for (const auto& prefix : prefixes) {
        std::erase(enis_.at(eni_id).prefixes, prefix);
        prefix_owners_.erase(prefix);
    }
    ++revision_;
}

}  // namespace terway::sim
