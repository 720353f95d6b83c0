#include "dataplane_bench.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "cost_table.hpp"
#include "exclusive_bench.hpp"
#include "node_pair.hpp"
#include "world.hpp"

namespace terway::bench {
namespace {

struct Contestant {
    std::unique_ptr<NodePair> nodes;
    CostTable costs;
};

class Matrix {
public:
    Matrix(const DataplaneOptions& options, const std::string& scratch)
        : slice_(options.slice),
          all_(candidates(options.only)),
          simulation_("bench", dataplane_topology(all_)),
          bare_(simulation_.fabric()) {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            std::cerr << "making two nodes with pods of " << all_[i].name << "\n";
            contestants_.push_back(
                {std::make_unique<NodePair>(options.programs, scratch, simulation_.fabric(),
                                            all_[i], i + 1),
                 {}});
        }
    }

    // Everybody once on each path in each measure, in rotating order, the bare NIC among them.
    void play(std::size_t round) {
        for (const auto path : kPaths) {
            for (const auto measure : kMeasures) {
                const auto places = contestants_.size() + 1;
                for (std::size_t i = 0; i < places; ++i) {
                    const auto place = (i + round) % places;
                    if (place == contestants_.size()) {
                        play_bare(path, measure);
                    } else if (auto& one = contestants_[place]; one.nodes->has(path)) {
                        one.costs.measure(path, measure, one.nodes->way(path), slice_);
                    }
                }
            }
        }
    }

    [[nodiscard]] std::vector<Row> rows() const {
        std::vector<Row> all;
        append_tracked(all);
        for (const auto& one : contestants_) {
            append_against_bare(all, one);
        }
        for (const auto& one : contestants_) {
            if (one.nodes->candidate().ours) {
                append_against_peers(all, one);
            }
        }
        return all;
    }

private:
    void play_bare(Path path, Measure measure) {
        bare_costs_.measure(path, measure, bare_.way(path), slice_);
        if (path == Path::AcrossNodes) {
            tracked_costs_.measure(path, measure, bare_.tracked(), slice_);
        }
    }

    // What tracking costs where there are no pods, for comparison.
    void append_tracked(std::vector<Row>& rows) const {
        for (const auto measure : kMeasures) {
            const auto compared = compare(tracked_costs_.of(Path::AcrossNodes, measure),
                                          bare_costs_.of(Path::AcrossNodes, measure));
            rows.push_back({std::string("tracked_across_nodes_") + name_of(measure) + "_vs_bare",
                            compared.ours,
                            unit_of(measure),
                            compared.theirs,
                            {},
                            compared.ratio});
        }
    }

    static Row row(const Contestant& one, Path path, Measure measure, const std::string& against,
                   const Comparison& compared) {
        return {one.nodes->candidate().name + "_" + name_of(path) + "_" + name_of(measure) +
                    "_vs_" + against,
                compared.ours,
                unit_of(measure),
                compared.theirs,
                {},
                compared.ratio};
    }

    void append_against_bare(std::vector<Row>& rows, const Contestant& one) const {
        const auto& candidate = one.nodes->candidate();
        for (const auto path : kPaths) {
            if (!one.nodes->has(path)) {
                continue;
            }
            const bool through_vpc = path == Path::SameNode && candidate.leaves_node;
            for (const auto measure : kMeasures) {
                const auto& bare = bare_costs_.of(through_vpc ? Path::AcrossNodes : path, measure);
                auto made =
                    row(one, path, measure, "bare", compare(one.costs.of(path, measure), bare));
                if (candidate.ours) {
                    made.goal = candidate.goal;
                }
                rows.push_back(std::move(made));
            }
        }
    }

    // The fastest of the peers, by what is typical of each.
    void append_against_peers(std::vector<Row>& rows, const Contestant& one) const {
        constexpr double kFaster = 1;
        for (const auto path : kPaths) {
            for (const auto measure : kMeasures) {
                std::optional<Comparison> hardest;
                for (const auto& peer : contestants_) {
                    if (peer.nodes->candidate().ours || !peer.nodes->has(path)) {
                        continue;
                    }
                    const auto compared =
                        compare(one.costs.of(path, measure), peer.costs.of(path, measure));
                    if (!hardest || compared.ratio > hardest->ratio) {
                        hardest = compared;
                    }
                }
                if (hardest) {
                    rows.push_back(row(one, path, measure, "peers", *hardest));
                    rows.back().goal = kFaster;
                }
            }
        }
    }

    std::chrono::milliseconds slice_;
    std::vector<Candidate> all_;
    sim::Simulation simulation_;
    BarePair bare_;
    CostTable bare_costs_;
    CostTable tracked_costs_;
    std::vector<Contestant> contestants_;
};

bool wanted(const std::vector<std::string>& only, const std::string& name) {
    return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
}

void append_exclusive(std::vector<Row>& rows, const ExclusiveTimes& times) {
    constexpr double kGoal = 1.3;
    rows.push_back(
        {"exclusive_add_p50_vs_floor", times.add.median(), "ms", times.floor.median(), kGoal});
    rows.push_back({"exclusive_burst20_vs_floor", times.burst.median(), "ms",
                    times.burst_floor.median(), kGoal});
}

std::vector<Row> run_matrix(const DataplaneOptions& options, const std::string& scratch) {
    Matrix matrix(options, scratch);
    for (unsigned round = 0; round < options.rounds; ++round) {
        std::cerr << "round " << round + 1 << " of " << options.rounds << "\n";
        matrix.play(round);
    }
    return matrix.rows();
}

}  // namespace

std::vector<Row> bench_dataplane(const DataplaneOptions& options) {
    const World world;
    auto rows = run_matrix(options, world.scratch());
    if (wanted(options.only, "eni_exclusive")) {
        await_quiet();
        append_exclusive(
            rows, run_exclusive(options.programs, world.scratch(), options.rounds, options.bursts));
    }
    return rows;
}

}  // namespace terway::bench
