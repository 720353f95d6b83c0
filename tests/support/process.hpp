// The simulator's child processes, with the patience of tests.
#pragma once

#include <chrono>

#include "patience.hpp"
#include "sim/process.hpp"

namespace terway::test {

using sim::by_signal;
using sim::Command;
using sim::ExitCode;
using sim::Outcome;
using sim::PrivateTmpfs;
using sim::Process;

inline constexpr std::chrono::seconds kProgramLimit{60};

// Throws Error if the program does not end in time.
[[nodiscard]] inline Outcome run(const Command& command,
                                 std::chrono::milliseconds limit = patience(kProgramLimit)) {
    return sim::run_program(command, after(limit));
}

}  // namespace terway::test
