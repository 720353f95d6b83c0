#include "cni_bench.hpp"

#include <iostream>
#include <optional>
#include <string>

#include "arena.hpp"
#include "rounds.hpp"
#include "storms.hpp"

namespace terway::bench {
namespace {

Row compare(const std::string& name, double ours, double theirs,
            std::optional<double> goal = std::nullopt) {
    return {name, ours, "ms", theirs, goal};
}

void append_single(std::vector<Row>& rows, const RoundTimes& times) {
    rows.push_back(
        compare("add_p50_vs_floor", times.ours.add.median(), times.floor.add.median(), 1.5));
    rows.push_back(compare("add_p50_vs_ptp", times.ours.add.median(), times.ptp.add.median(), 0.2));
    rows.push_back(compare("add_p99_vs_ptp", times.ours.add.p99(), times.ptp.add.p99(), 0.33));
    rows.push_back(
        compare("del_p50_vs_ptp", times.ours.del.median(), times.ptp.del.median(), 0.125));
}

void append_storms(std::vector<Row>& rows, const StormTimes& times) {
    rows.push_back(compare("links_gone_100_vs_group_delete", times.gone_after_last.median(),
                           times.group_delete.median(), 2));
    rows.push_back(
        compare("add_100_at_once_vs_floor", times.ours.add.median(), times.kernel_add.median(), 3));
    rows.push_back(
        compare("del_100_at_once_vs_ptp", times.ours.del.median(), times.ptp.del.median(), 0.2));
}

void append_memory(std::vector<Row>& rows, const StormTimes& storms, const RoundTimes& rounds) {
    rows.push_back({"daemon_rss_mib", storms.memory.rss, "MiB", {}, 16.0});
    rows.push_back({"cni_rss_mib", rounds.cni_rss, "MiB", {}, 2.5});
}

void append_information(std::vector<Row>& rows, const RoundTimes& rounds,
                        const StormTimes& storms) {
    const double exec = rounds.exec.median();
    rows.push_back({"daemon_pss_mib", storms.memory.pss, "MiB"});
    rows.push_back({"daemon_rss_anon_mib", storms.memory.anonymous, "MiB"});
    rows.push_back({"daemon_rss_start_mib", rounds.memory_at_start.rss, "MiB"});
    rows.push_back({"exec_floor_p50", exec, "ms"});
    rows.push_back(compare("status_p50_vs_exec_floor", rounds.status.median(), exec));
    rows.push_back({"daemon_add_p50", rounds.daemon.add.median(), "ms"});
    rows.push_back({"daemon_del_p50", rounds.daemon.del.median(), "ms"});
    rows.push_back(compare("add_p99_vs_floor", rounds.ours.add.p99(), rounds.floor.add.p99()));
    rows.push_back(compare("del_p99_vs_ptp", rounds.ours.del.p99(), rounds.ptp.del.p99()));
    rows.push_back(compare("links_gone_100_from_first_start", storms.gone_after_first.median(),
                           storms.group_delete.median()));
    rows.push_back(compare("links_gone_100_vs_group_delete_ack", storms.gone_after_last.median(),
                           storms.group_delete_ack.median()));
    rows.push_back(
        compare("add_100_at_once_vs_ptp", storms.ours.add.median(), storms.ptp.add.median()));
    rows.push_back(compare("add_100_at_once_vs_floor_exec", storms.ours.add.median(),
                           storms.floor_add.median()));
}

}  // namespace

std::vector<Row> bench_cni(const CniOptions& options) {
    std::cerr << "making three nodes and starting terwayd\n";
    Arena arena(options.programs);
    const auto rounds = run_rounds(arena, options.rounds);
    const auto storms = run_storms(arena, options.storms);
    std::vector<Row> rows;
    append_single(rows, rounds);
    append_storms(rows, storms);
    append_memory(rows, storms, rounds);
    append_information(rows, rounds, storms);
    return rows;
}

}  // namespace terway::bench
