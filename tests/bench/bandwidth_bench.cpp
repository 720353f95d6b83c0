#include "bandwidth_bench.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include "bandwidth_costs.hpp"
#include "candidate.hpp"
#include "limited_node.hpp"
#include "node_pair.hpp"
#include "terway/error.hpp"
#include "world.hpp"

namespace terway::bench {
namespace {

struct Limit {
    const char* name;
    std::uint64_t bps;
    unsigned patience;  // a packet more or less must not count, nor what waits for a lost one
};
constexpr std::array<Limit, 5> kLimits{{{"1m", 1'000'000, 5},
                                        {"10m", 10'000'000, 2},
                                        {"100m", 100'000'000, 1},
                                        {"1g", 1'000'000'000, 1},
                                        {"5g", 5'000'000'000, 1}}};
constexpr const char* kFairLimit = "100m";  // where fairness, lateness and neighbours are looked at
constexpr const char* kCostLimit = "1g";
constexpr unsigned kManyFlows = 16;
constexpr double kFlood = 1.5;     // of the limit, by UDP
constexpr double kAll = 40e9;      // more than there is
constexpr double kCarries = 0.85;  // of what there is without a limit: more cannot be tried
constexpr double kGoalError = 5;
constexpr double kGoalFairness = 0.95;

enum class Direction { Ingress, Egress };
constexpr std::array kDirections = {Direction::Ingress, Direction::Egress};

const char* name_of(Direction direction) {
    return direction == Direction::Ingress ? "ingress" : "egress";
}
const Way& way_of(const LimitedNode::Pod& pod, Direction direction) {
    return direction == Direction::Ingress ? pod.ingress() : pod.egress();
}

std::vector<Limit> chosen(const std::vector<std::string>& names) {
    std::vector<Limit> all;
    for (const auto& limit : kLimits) {
        if (names.empty() || std::find(names.begin(), names.end(), limit.name) != names.end()) {
            all.push_back(limit);
        }
    }
    if (all.empty() || (!names.empty() && all.size() != names.size())) {
        throw Error(Status::Invalid, "a limit is one of 1m, 10m, 100m, 1g, 5g");
    }
    return all;
}

// Those of the dataplane benchmark with a limit, and what Debian has for it.
std::vector<Candidate> contestants(const BandwidthOptions& options) {
    std::vector<Candidate> all;
    for (auto& each : candidates(options.only)) {
        if (each.ours && each.name != "vpc_route_plain") {
            const std::string chain = "[chain]\n";
            each.profile.insert(each.profile.find(chain) + chain.size(),
                                "qos = \"bandwidth-tc\"\n");
            each.profile += "[module.bandwidth-tc]\nmode = \"" + options.mode + "\"\n";
            all.push_back(each);
        } else if (each.name == "ptp") {
            all.push_back(each);
        }
    }
    return all;
}

class Bandwidth {
public:
    Bandwidth(const BandwidthOptions& options, const std::string& scratch)
        : phases_(options.phases),
          limits_(chosen(options.limits)),
          all_(contestants(options)),
          simulation_("bench", dataplane_topology(all_)),
          bare_(simulation_.fabric()) {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            nodes_.push_back(std::make_unique<LimitedNode>(options.programs, scratch,
                                                           simulation_.fabric(), all_[i], i + 1,
                                                           bare_.way(Path::AcrossNodes)));
        }
    }

    std::vector<Row> run() {
        for (const auto& node : nodes_) {
            std::cerr << node->name() << ": without a limit\n";
            measure_unlimited(*node);
            for (const auto& limit : limits_) {
                std::cerr << node->name() << ": " << limit.name << "\n";
                measure(*node, limit);
            }
        }
        append_costs();
        return std::move(rows_);
    }

private:
    struct Unlimited {
        std::map<Direction, double> bps;
        std::map<Direction, double> udp_bps;
        std::map<Direction, double> loaded_us;
    };

    void measure_unlimited(LimitedNode& node) {
        const LimitedNode::Pod pod(node, 0);
        auto& found = unlimited_[node.name()];
        for (const auto direction : kDirections) {
            found.bps[direction] = tcp_goodput(way_of(pod, direction), 1, phases_).bps;
            found.udp_bps[direction] = udp_goodput(way_of(pod, direction), 1, kAll, phases_).bps;
            if (node.ours()) {
                found.loaded_us[direction] = loaded_round_trip_us(way_of(pod, direction), phases_);
            }
        }
    }

    void measure(LimitedNode& node, const Limit& limit) {
        const LimitedNode::Pod pod(node, limit.bps);
        const Phases phases{phases_.settle, phases_.measure * limit.patience};
        for (const auto direction : kDirections) {
            const auto& way = way_of(pod, direction);
            const auto bps = static_cast<double>(limit.bps);
            if (bps > kCarries * unlimited_[node.name()].bps[direction]) {
                std::cerr << way.name << ": more than this machine carries\n";
                continue;
            }
            const auto title = node.name() + "_" + name_of(direction) + "_" + limit.name;
            const auto one = tcp_goodput(way, 1, phases);
            const auto many = tcp_goodput(way, kManyFlows, phases);
            append_error(node, title + "_error_pct", one.bps, bps);
            append_error(node, title + "_16_error_pct", many.bps, bps);
            if (kFlood * bps < unlimited_[node.name()].udp_bps[direction]) {
                append_error(node, title + "_udp_error_pct",
                             udp_goodput(way, 1, kFlood * bps, phases).bps, bps);
                append_error(node, title + "_udp_16_error_pct",
                             udp_goodput(way, kManyFlows, kFlood * bps, phases).bps, bps);
            }
            if (limit.name == std::string(kFairLimit)) {
                append_fairness(node, title, many.fairness);
                append_lateness(node, title, direction, way);
            }
        }
    }

    void append_error(const LimitedNode& node, const std::string& name, double bps, double limit) {
        rows_.push_back({name, std::abs(1 - bps / limit) * 100, "%", {}, {}});
        if (node.ours()) {
            rows_.back().goal = kGoalError;
        }
    }

    // Less is better in every row, so this is what is missing to fairness.
    void append_fairness(const LimitedNode& node, const std::string& title, double fairness) {
        rows_.push_back({title + "_16_unfairness", 1 - fairness, "", {}, {}});
        if (node.ours()) {
            rows_.back().goal = 1 - kGoalFairness;
        }
    }

    void append_lateness(const LimitedNode& node, const std::string& title, Direction direction,
                         const Way& way) {
        if (node.ours()) {
            rows_.push_back({title + "_loaded_round_trip_vs_unlimited",
                             loaded_round_trip_us(way, phases_), "us",
                             unlimited_[node.name()].loaded_us[direction]});
        }
    }

    // Of the limits that were asked for.
    void append_costs() {
        const auto append = [this](const char* limit, const auto& costs) {
            if (std::any_of(limits_.begin(), limits_.end(),
                            [&](const Limit& each) { return each.name == std::string(limit); })) {
                const auto more = costs(nodes_, phases_);
                rows_.insert(rows_.end(), more.begin(), more.end());
            }
        };
        append(kFairLimit, neighbour_costs);
        append(kCostLimit, limit_costs);
    }

    const Phases phases_;
    const std::vector<Limit> limits_;
    const std::vector<Candidate> all_;
    sim::Simulation simulation_;
    BarePair bare_;
    std::vector<std::unique_ptr<LimitedNode>> nodes_;
    std::map<std::string, Unlimited> unlimited_;
    std::vector<Row> rows_;
};

}  // namespace

std::vector<Row> bench_bandwidth(const BandwidthOptions& options) {
    const World world;
    return Bandwidth(options, world.scratch()).run();
}

}  // namespace terway::bench
