// What policies cost packets: traffic between two pods of a node under more and more of them, with
// policy-felix, with policy-bpf and with what calico-felix would write for iptables and ipset.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "daemon.hpp"
#include "report.hpp"

namespace terway::bench {

struct PolicyTrafficOptions {
    unsigned rounds = 15;
    std::chrono::milliseconds slice{100};
    unsigned members = 100'000;  // of the largest set
};

// The rows. Throws Error, also if the rules do not decide what goes from pod to pod.
[[nodiscard]] std::vector<Row> run_policy_traffic(const Programs& programs,
                                                  const std::string& scratch,
                                                  const PolicyTrafficOptions& options);

}  // namespace terway::bench
