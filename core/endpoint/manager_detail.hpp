// What both halves of the manager need.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/netns.hpp"
#include "endpoint/chain.hpp"
#include "endpoint/key_lock.hpp"
#include "endpoint/lane.hpp"
#include "endpoint/operation.hpp"
#include "endpoint/qos_wish.hpp"
#include "endpoint/record.hpp"
#include "profile/profile.hpp"

namespace terway::endpoint::detail {

[[nodiscard]] std::vector<IpAddress> bare(const std::vector<Prefix>& prefixes);

// The modules a new endpoint of that chain is pinned to.
[[nodiscard]] std::vector<ModulePin> pins_of(const profile::Chain& chain, const Modules& modules);
// All an endpoint of this profile can have been pinned to, for one nobody remembers.
[[nodiscard]] std::vector<ModulePin> every_pin(const profile::Profile& profile,
                                               const Modules& modules);

[[nodiscard]] inline QosWish wish_of(const EndpointSpec& spec) {
    return {{spec.ingress_bps, spec.egress_bps}, spec.priority};
}

// What happens when a verb does not return: the runtime is answered, the lane and the waiters for
// the key go on without this request. Borrows all but the key.
[[nodiscard]] std::function<void()> overdue(const Operation& operation, KeyLock::Guard& guard,
                                            Lane::Permit* permit, const EndpointKey& key);

// The sandbox at the recorded path, if it is still in reach.
[[nodiscard]] std::optional<Netns> reopen(const std::string& path);

[[nodiscard]] int fd_of(const std::optional<Netns>& netns);

}  // namespace terway::endpoint::detail
