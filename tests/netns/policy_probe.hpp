// Attempts to connect, many at a time: each counts as one that reached the other end if that says
// anything at all, be it that nobody listens.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/netns.hpp"
#include "policy/rule_set.hpp"

namespace terway::test {

struct Attempt {
    const Netns* from = nullptr;
    std::optional<IpAddress> source;  // the kernel's choice if empty
    IpAddress to;
    policy::Protocol protocol = policy::Protocol::Tcp;
    std::uint16_t port = 0;
    bool is_expected = true;  // to reach the other end
};

// For each attempt whether it did. Waits at most `limit` for those that are expected to, and as
// long as `silence` after them for the others.
[[nodiscard]] std::vector<bool> probe(
    const std::vector<Attempt>& attempts, std::chrono::milliseconds limit,
    std::chrono::milliseconds silence = std::chrono::milliseconds(50));

}  // namespace terway::test
