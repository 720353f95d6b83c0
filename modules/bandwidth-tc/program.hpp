// The BPF program of mode "edt" in the kernel.
#pragma once

#include <cstdint>
#include <optional>

#include "base/fd.hpp"
#include "bpf/edt.h"

namespace terway::bandwidth_tc {

// True if the kernel lets a program say which clock it sets a packet's time by (5.18).
[[nodiscard]] bool kernel_tells_clock();

// A program and a lane of its own, which live as long as the descriptor or a filter that has the
// program. Throws Error with the kernel's reason.
[[nodiscard]] Fd load_program(const edt_limits& limits, const edt_state& begin);

struct LoadedProgram {
    edt_limits limits{};
    edt_state state{};
};
// None if the program is gone or no program of ours.
[[nodiscard]] std::optional<LoadedProgram> read_program(std::uint32_t id);
[[nodiscard]] std::optional<LoadedProgram> read_program(const Fd& program);

}  // namespace terway::bandwidth_tc
