// What limits cost: processor time beside the same traffic without a limit, and what they cost a
// neighbour. Every figure is the median of rounds in which all take turns.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "limited_node.hpp"
#include "limited_traffic.hpp"
#include "report.hpp"

namespace terway::bench {

// Of TCP at 1 Gbit/s in each direction: with a limit, and from a sender that keeps to the rate by
// itself, on the same dataplane. The quotient is held against the plugin's, if one of the nodes is
// its. Borrows the nodes.
[[nodiscard]] std::vector<Row> limit_costs(const std::vector<std::unique_ptr<LimitedNode>>& nodes,
                                           const Phases& phases);

// What a pod without a limit carries while its neighbour takes all its limit of 100 Mbit/s lets
// through: beside a neighbour without a limit that sends as much, and beside nobody.
[[nodiscard]] std::vector<Row> neighbour_costs(
    const std::vector<std::unique_ptr<LimitedNode>>& nodes, const Phases& phases);

}  // namespace terway::bench
