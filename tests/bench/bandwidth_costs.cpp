#include "bandwidth_costs.hpp"

#include <array>
#include <iostream>
#include <map>
#include <optional>

#include "interrupt.hpp"
#include "samples.hpp"

namespace terway::bench {
namespace {

constexpr unsigned kRounds = 5;
constexpr std::uint64_t kCostLimit = 1'000'000'000;
constexpr std::uint64_t kNeighbourLimit = 100'000'000;
constexpr double kGoalCost = 1;
constexpr double kGoalNeighbour = 1.05;

constexpr std::array kDirections = {&LimitedNode::Pod::ingress, &LimitedNode::Pod::egress};
constexpr std::array kDirectionNames = {"ingress", "egress"};

struct CostPair {
    Samples limited;
    Samples paced;

    [[nodiscard]] double quotient() const { return limited.median() / paced.median(); }
};

struct Pods {
    Pods(LimitedNode& node, std::uint64_t limit) : limited(node, limit), free(node, 0) {}
    LimitedNode::Pod limited;
    LimitedNode::Pod free;
};

}  // namespace

std::vector<Row> limit_costs(const std::vector<std::unique_ptr<LimitedNode>>& nodes,
                             const Phases& phases) {
    std::map<std::string, std::unique_ptr<Pods>> pods;
    std::map<std::string, std::array<CostPair, kDirections.size()>> costs;
    std::optional<std::string> plugin;
    for (const auto& node : nodes) {
        pods[node->name()] = std::make_unique<Pods>(*node, kCostLimit);
        plugin = node->ours() ? plugin : node->name();
    }
    for (unsigned round = 0; round < kRounds; ++round) {
        std::cerr << "processor time: round " << round + 1 << " of " << kRounds << "\n";
        for (const auto& [name, pair] : pods) {
            for (std::size_t i = 0; i < kDirections.size(); ++i) {
                const auto limited = tcp_goodput((pair->limited.*kDirections[i])(), 1, phases);
                const auto paced =
                    tcp_goodput((pair->free.*kDirections[i])(), 1, phases, limited.bps);
                costs[name][i].limited.add(limited.cpu_ms_per_gbit);
                costs[name][i].paced.add(paced.cpu_ms_per_gbit);
            }
        }
    }
    std::vector<Row> rows;
    for (const auto& node : nodes) {
        for (std::size_t i = 0; i < kDirections.size(); ++i) {
            const auto title = node->name() + "_" + kDirectionNames[i] + "_1g_cpu";
            const auto& cost = costs.at(node->name())[i];
            rows.push_back(
                {title + "_vs_unlimited", cost.limited.median(), "ms/Gbit", cost.paced.median()});
            if (plugin && node->ours()) {
                rows.push_back({title + "_vs_plugin", cost.quotient(), "x",
                                costs.at(*plugin)[i].quotient(), kGoalCost});
            }
        }
    }
    return rows;
}

std::vector<Row> neighbour_costs(const std::vector<std::unique_ptr<LimitedNode>>& nodes,
                                 const Phases& phases) {
    std::vector<Row> rows;
    for (const auto& node : nodes) {
        if (!node->ours()) {
            continue;
        }
        std::cerr << node->name() << ": beside a limited pod\n";
        Pods neighbours(*node, kNeighbourLimit);
        const LimitedNode::Pod pod(*node, 0);
        Samples alone;
        Samples beside_limited;
        Samples beside_paced;
        for (unsigned round = 0; round < kRounds; ++round) {
            check_interrupted();
            alone.add(stream(pod.ingress(), phases.measure).ms_per_gbit);
            {
                const Load load(neighbours.limited.ingress());
                beside_limited.add(stream(pod.ingress(), phases.measure).ms_per_gbit);
            }
            const Load load(neighbours.free.ingress(), 1, kNeighbourLimit);
            beside_paced.add(stream(pod.ingress(), phases.measure).ms_per_gbit);
        }
        const auto title = node->name() + "_unlimited_beside_limited_vs_";
        rows.push_back({title + "beside_unlimited", beside_limited.median(), "ms/Gbit",
                        beside_paced.median(), kGoalNeighbour});
        rows.push_back({title + "alone", beside_limited.median(), "ms/Gbit", alone.median()});
    }
    return rows;
}

}  // namespace terway::bench
