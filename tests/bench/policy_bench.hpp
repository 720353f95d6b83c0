// terway-bench policy: NetworkPolicies of a large cluster, from the API server to the packet.
#pragma once

#include <string>
#include <vector>

#include "daemon.hpp"
#include "policy_events.hpp"
#include "policy_traffic.hpp"
#include "report.hpp"

namespace terway::bench {

struct PolicyOptions {
    Programs programs;
    PolicyScale scale{};
    unsigned events = 1'000;
    ChurnOptions churn{};
    PolicyTrafficOptions traffic{};
    std::vector<std::string> only{};  // "resolver", "daemon", "traffic"; empty: all
};

// As bench_cni.
[[nodiscard]] std::vector<Row> bench_policy(const PolicyOptions& options);

}  // namespace terway::bench
