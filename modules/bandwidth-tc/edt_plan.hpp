// What the program of mode "edt" is told and remembers, decided without touching the kernel. Pure.
#pragma once

#include <cstdint>

#include "bpf/edt.h"
#include "shape.hpp"

namespace terway::bandwidth_tc {

[[nodiscard]] edt_limits limits_of(const Shape& shape);
[[nodiscard]] bool same_limits(const edt_limits& one, const edt_limits& other);

// What a program begins with that takes over from one with other limits: the counts go on, and so
// does what waits, as far as the new limits let it. `now` is CLOCK_MONOTONIC in nanoseconds.
[[nodiscard]] edt_state taken_over(const edt_state& former, const edt_limits& limits,
                                   std::uint64_t now);

// Bytes given a departure that is yet to come.
[[nodiscard]] std::uint64_t waiting(const edt_state& state, const edt_limits& limits,
                                    std::uint64_t now);

}  // namespace terway::bandwidth_tc
