// Whose an address is, while more than one pod says it is theirs. Private to core/policy.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "policy/cluster.hpp"
#include "policy/sets.hpp"

namespace terway::policy {

// A pod that is not being deleted comes first, then the one that claimed it last: addresses are
// used again before everybody has heard that the former pod is gone.
class AddressBook {
public:
    // Called before and after another pod's addresses change.
    using Notice = std::function<void(PodState&)>;

    // `pod` claims these and no others; its `addresses` and those of others follow.
    void claim(PodState& pod, const std::vector<IpAddress>& wanted, const Notice& before,
               const Notice& after);

    // The pod with the best claim; null if there is none.
    [[nodiscard]] const PodState* owner(const IpAddress& address) const;

private:
    using Claimants = std::vector<PodState*>;  // in the order of the claims
    struct Hash {
        std::size_t operator()(const IpAddress& address) const noexcept {
            return MemberHash()({address, 0});
        }
    };

    [[nodiscard]] static PodState* owner(const Claimants& claimants);
    void settle(const IpAddress& address, const PodState& pod, const Notice& before,
                const Notice& after);

    std::unordered_map<IpAddress, Claimants, Hash> claims_;
};

}  // namespace terway::policy
