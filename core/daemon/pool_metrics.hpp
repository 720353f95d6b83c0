// The pool in numbers, for Prometheus.
#pragma once

#include "base/metrics.hpp"
#include "pool/address_pool.hpp"

namespace terway::daemon {

// Sets terway_pool_addresses{cidr,state}, or terway_pool_eni_addresses{eni,state},
// terway_pool_enis, _capacity, _used, _idle and _troubles; in both cases terway_pool_waiting.
void describe_pool(Metrics& metrics, const pool::PoolPicture& picture);

}  // namespace terway::daemon
