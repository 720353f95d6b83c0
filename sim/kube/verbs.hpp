// A call on the objects of the cluster and its answer. Pure.
#pragma once

#include "sim/kube/api.hpp"

namespace terway::sim::kube {

// Everything but watches. Throws Problem.
[[nodiscard]] Answer carried_out(Cluster& cluster, const Call& call, const ApiOptions& options,
                                 WallTime now);
[[nodiscard]] WatchOrder watch_order(const Call& call, const ApiOptions& options, WallTime now);
[[nodiscard]] Answer json_answer(unsigned status, std::string body);
[[nodiscard]] Answer answer_of(const Problem& problem);
// Throws Problem (400).
[[nodiscard]] json::value parsed(const std::string& body);

}  // namespace terway::sim::kube
