#include "cost_table.hpp"

#include "samples.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

double median(const std::vector<double>& values) {
    Samples samples;
    for (const double value : values) {
        samples.add(value);
    }
    return samples.median();
}

}  // namespace

const char* name_of(Measure measure) {
    constexpr std::array kNames = {"stream", "latency", "connections", "packets", "cpu"};
    return kNames.at(static_cast<std::size_t>(measure));
}

const char* unit_of(Measure measure) {
    const bool per_gbit = measure == Measure::Stream || measure == Measure::Cpu;
    return per_gbit ? "ms" : "us";
}

std::vector<double>& CostTable::cell(Path path, Measure measure) {
    return costs_.at(static_cast<std::size_t>(path)).at(static_cast<std::size_t>(measure));
}

const std::vector<double>& CostTable::of(Path path, Measure measure) const {
    return costs_.at(static_cast<std::size_t>(path)).at(static_cast<std::size_t>(measure));
}

void CostTable::measure(Path path, Measure measure, const Way& way,
                        std::chrono::milliseconds slice) {
    switch (measure) {
        case Measure::Stream: {
            const auto cost = stream(way, slice);
            cell(path, Measure::Stream).push_back(cost.ms_per_gbit);
            cell(path, Measure::Cpu).push_back(cost.cpu_ms_per_gbit);
            return;
        }
        case Measure::Latency:
            return cell(path, measure).push_back(round_trip_us(way, slice));
        case Measure::Connections:
            return cell(path, measure).push_back(connection_us(way, slice));
        case Measure::Packets:
            return cell(path, measure).push_back(packet_us(way, slice));
        case Measure::Cpu:
            return;  // with Stream
    }
}

Comparison compare(const std::vector<double>& ours, const std::vector<double>& theirs) {
    if (ours.empty() || ours.size() != theirs.size()) {
        throw Error(Status::Internal, "rounds of two that are compared do not pair up");
    }
    std::vector<double> ratios;
    for (std::size_t round = 0; round < ours.size(); ++round) {
        ratios.push_back(ours[round] / theirs[round]);
    }
    return {median(ours), median(theirs), median(ratios)};
}

}  // namespace terway::bench
