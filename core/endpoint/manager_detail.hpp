// What both halves of the manager need.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/netns.hpp"
#include "endpoint/key_lock.hpp"
#include "endpoint/lane.hpp"
#include "endpoint/operation.hpp"
#include "endpoint/record.hpp"

namespace terway::endpoint::detail {

[[nodiscard]] std::vector<IpAddress> bare(const std::vector<Prefix>& prefixes);

// What happens when a verb does not return: the runtime is answered, the lane and the waiters for
// the key go on without this request. Borrows all but the key.
[[nodiscard]] std::function<void()> overdue(const Operation& operation, KeyLock::Guard& guard,
                                            Lane::Permit* permit, const EndpointKey& key);

// The sandbox at the recorded path, if it is still in reach.
[[nodiscard]] std::optional<Netns> reopen(const std::string& path);

[[nodiscard]] int fd_of(const std::optional<Netns>& netns);

}  // namespace terway::endpoint::detail
