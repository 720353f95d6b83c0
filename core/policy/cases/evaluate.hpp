// Plays a case and compares. Pure.
#pragma once

#include <string>
#include <vector>

#include "policy/cases/case_file.hpp"

namespace terway::policy {

// A cell that is not as expected.
struct Difference {
    std::size_t step = 0;
    std::string probe;  // "TCP/80", or "service 0" and its number
    std::string from;
    std::string to;
    char expected = kNobody;
    char found = kNobody;

    // "step 0 TCP/80 x/a -> y/b: expected ., found X".
    [[nodiscard]] std::string text() const;
};

struct StepResult {
    Tables tables;                   // rows and columns as expected, if anything is
    std::vector<Backends> services;  // for each service probe
};

struct CaseResult {
    std::vector<StepResult> steps;
    std::vector<Difference> differences;
    std::string complaint;  // why the case ended early; empty if it did not

    [[nodiscard]] bool is_fine() const noexcept { return differences.empty() && complaint.empty(); }
};

// Compares the cells of which "." or "X" is expected.
[[nodiscard]] CaseResult evaluate(const Case& what);

}  // namespace terway::policy
