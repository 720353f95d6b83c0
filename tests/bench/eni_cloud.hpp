// A simulated cloud with two nodes, for benchmarks of the ENI pool.
#pragma once

#include <string>

#include "sim/simulation.hpp"

namespace terway::bench {

// Of the nodes: 8 ENIs with 30 addresses each.
inline constexpr const char* kInstanceType = "ecs.g7.4xlarge";
inline constexpr const char* kPoolNode = "pool";    // instance i-pool
inline constexpr const char* kRouteNode = "route";  // the VPC routes kRouteCidr to it
inline constexpr const char* kRouteCidr = "172.20.0.0/18";

// `timing` is "zero" or "realistic": delays and throttles of the cloud.
[[nodiscard]] sim::Topology eni_topology(const std::string& timing, std::uint64_t seed);

// A profile without [daemon] for mode secondary-ip; `pool` are lines of [pool].
[[nodiscard]] std::string secondary_ip_profile(const std::string& pool);

}  // namespace terway::bench
