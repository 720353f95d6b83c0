// The control commands both APIs have: what was asked, and what is to go wrong.
#pragma once

#include <string>
#include <vector>

#include "sim/arguments.hpp"
#include "sim/cloud/call_log.hpp"
#include "sim/cloud/faults.hpp"

namespace terway::sim {

// "calls [--json] [--reset]". Throws Error, as does the other.
[[nodiscard]] std::string control_calls(CallLog& log, const Words& words);
// "fault add ...", "fault list", "fault clear [ID]"; `kinds` are those the API knows.
[[nodiscard]] std::string control_fault(Faults& faults, const Words& words, WallTime now,
                                        const std::vector<std::string>& kinds);

}  // namespace terway::sim
