#include "policy/address_book.hpp"

#include <algorithm>

namespace terway::policy {
namespace {

bool has(const std::vector<IpAddress>& addresses, const IpAddress& address) {
    return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

}  // namespace

PodState* AddressBook::owner(const Claimants& claimants) {
    const auto alive = std::find_if(claimants.rbegin(), claimants.rend(),
                                    [](const auto* pod) { return !pod->is_deleting; });
    if (alive != claimants.rend()) {
        return *alive;
    }
    return claimants.empty() ? nullptr : claimants.back();
}

const PodState* AddressBook::owner(const IpAddress& address) const {
    const auto found = claims_.find(address);
    return found == claims_.end() ? nullptr : owner(found->second);
}

// `pod` itself is the caller's.
void AddressBook::settle(const IpAddress& address, const PodState& pod, const Notice& before,
                         const Notice& after) {
    const auto found = claims_.find(address);
    if (found == claims_.end()) {
        return;
    }
    const auto* const first = owner(found->second);
    for (auto* const other : found->second) {
        const bool is_owner = other == first;
        if (other == &pod || has(other->addresses, address) == is_owner) {
            continue;
        }
        before(*other);
        if (is_owner) {
            other->addresses.push_back(address);
        } else {
            std::erase(other->addresses, address);
        }
        after(*other);
    }
}

void AddressBook::claim(PodState& pod, const std::vector<IpAddress>& wanted, const Notice& before,
                        const Notice& after) {
    auto concerned = pod.claims;
    for (const auto& address : pod.claims) {
        if (!has(wanted, address)) {
            const auto place = claims_.find(address);
            std::erase(place->second, &pod);
            if (place->second.empty()) {
                claims_.erase(place);
            }
        }
    }
    for (const auto& address : wanted) {
        if (!has(pod.claims, address)) {
            claims_[address].push_back(&pod);
            concerned.push_back(address);
        }
    }
    pod.claims = wanted;
    pod.addresses.clear();
    for (const auto& address : wanted) {
        if (owner(claims_.at(address)) == &pod) {
            pod.addresses.push_back(address);
        }
    }
    for (const auto& address : concerned) {
        settle(address, pod, before, after);
    }
}

}  // namespace terway::policy
