// What the kernel holds, to compare: with itself before and after, and with the daemon's records.
#pragma once

#include <string>

#include "node.hpp"

namespace terway::test {

// Links, addresses, routes, rules, permanent neighbours and the nftables ruleset of a namespace, as
// text without counters. Equal texts, equal state.
[[nodiscard]] std::string snapshot(int netns_fd);
// The lines that differ; empty for equal snapshots.
[[nodiscard]] std::string changes(const std::string& before, const std::string& after);

// What the daemon's records and the node's kernel do not agree on: pods' links, routes, neighbours
// and nftables elements, one a line; and addresses the pool has lost or given twice. Empty if all
// is well. Needs a running daemon.
[[nodiscard]] std::string disagreement(const Node& node);

// Waits until there is no disagreement; answers the one that stays.
[[nodiscard]] std::string settled(const Node& node,
                                  std::chrono::milliseconds limit = std::chrono::seconds(10));

}  // namespace terway::test
