// Deletes connections that are over. Any thread.
#pragma once

#include <cstdint>
#include <stop_token>

#include "state.hpp"

namespace terway::policy_bpf {

// Whether the programs would take it for unknown anyway, at `now` of CLOCK_MONOTONIC. Pure.
[[nodiscard]] bool is_over(const policy_connection_key& key, const policy_connection& connection,
                           std::uint64_t now);

// Deletes those that are over, and those of endpoints that are not living any more. Throws Error.
void collect(const State& state, const State::Living& living, const std::stop_token& stop);

}  // namespace terway::policy_bpf
