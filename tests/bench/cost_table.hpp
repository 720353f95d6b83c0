// Costs of traffic by path and measure, a figure for each round.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#include "candidate.hpp"
#include "traffic.hpp"

namespace terway::bench {

// Rows are named after them.
enum class Measure { Stream, Latency, Connections, Packets, Cpu };
inline constexpr std::array kMeasures = {Measure::Stream, Measure::Latency, Measure::Connections,
                                         Measure::Packets, Measure::Cpu};
[[nodiscard]] const char* name_of(Measure measure);
[[nodiscard]] const char* unit_of(Measure measure);

class CostTable {
public:
    // Measures once more.
    void measure(Path path, Measure measure, const Way& way, std::chrono::milliseconds slice);

    // By round.
    [[nodiscard]] const std::vector<double>& of(Path path, Measure measure) const;

private:
    [[nodiscard]] std::vector<double>& cell(Path path, Measure measure);

    std::array<std::array<std::vector<double>, kMeasures.size()>, kPaths.size()> costs_;
};

// What is typical of two that took turns.
struct Comparison {
    double ours = 0;
    double theirs = 0;
    double ratio = 0;  // the median of the rounds' ratios, not the ratio of the medians
};
[[nodiscard]] Comparison compare(const std::vector<double>& ours,
                                 const std::vector<double>& theirs);

}  // namespace terway::bench
