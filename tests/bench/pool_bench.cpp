#include "pool_bench.hpp"

#include <iostream>

#include "burst.hpp"
#include "churn.hpp"
#include "ledger_steps.hpp"
#include "warm.hpp"
#include "world.hpp"

namespace terway::bench {
namespace {

void append_warm(std::vector<Row>& rows, std::vector<Row>& more, const WarmTimes& times) {
    rows.push_back(
        {"warm_add_cloud_calls", static_cast<double>(times.cloud_calls), "calls", {}, 0.0});
    rows.push_back({"warm_add_p50_vs_vpc_route", times.pool.add.median(), "ms",
                    times.route.add.median(), 1.1});
    more.push_back(
        {"warm_add_p99_vs_vpc_route", times.pool.add.p99(), "ms", times.route.add.p99()});
    more.push_back(
        {"warm_del_p50_vs_vpc_route", times.pool.del.median(), "ms", times.route.del.median()});
    more.push_back({"warm_daemon_add_p50_vs_vpc_route", times.pool_daemon.add.median(), "ms",
                    times.route_daemon.add.median()});
}

void append_bursts(std::vector<Row>& rows, std::vector<Row>& more, const BurstTimes& times) {
    const auto expected = static_cast<double>(times.bound.expected.count());
    rows.push_back({"cold_burst_vs_bound", times.whole.median(), "ms", expected, 1.25});
    rows.push_back({"cold_burst_calls_vs_min", times.calls.median(), "calls",
                    static_cast<double>(times.bound.mutating_calls()), 1.2});
    more.push_back({"cold_burst_from_first_call", times.from_call.median(), "ms", expected});
    more.push_back({"cold_burst_longest", times.whole.quantile(1), "ms", expected});
    more.push_back({"cold_burst_most_calls", times.calls.quantile(1), "calls",
                    static_cast<double>(times.bound.mutating_calls())});
}

void append_churn(std::vector<Row>& rows, std::vector<Row>& more, const ChurnOutcome& outcome) {
    const auto pods = static_cast<double>(outcome.pods);
    const auto per_1000 = [pods](std::uint64_t calls) {
        return pods == 0 ? 0 : static_cast<double>(calls) * 1000 / pods;
    };
    rows.push_back(
        {"churn_calls_per_1000_pods", per_1000(outcome.changing_calls), "calls", {}, 5.0});
    rows.push_back({"churn_drift", static_cast<double>(outcome.drift), "", {}, 0.0});
    more.push_back({"churn_pods", pods, ""});
    more.push_back(
        {"churn_reads_per_1000_pods", per_1000(outcome.calls - outcome.changing_calls), "calls"});
    more.push_back({"churn_waited_per_1000_pods", per_1000(outcome.waited), ""});
    more.push_back({"churn_longest_wait", static_cast<double>(outcome.longest_wait.count()), "ms"});
    more.push_back({"churn_refused", static_cast<double>(outcome.refused), ""});
}

void append_ledger(std::vector<Row>& rows, std::vector<Row>& more, const LedgerTimes& times) {
    constexpr double kMostNs = 10'000;  // a million steps in ten seconds
    constexpr double kMostKib = 1024;
    rows.push_back({"ledger_ns_per_op", times.ns_per_step, "ns", {}, kMostNs});
    rows.push_back({"ledger_rss_growth_kib", times.growth_kib, "KiB", {}, kMostKib});
    more.push_back({"ledger_with_model", times.seconds, "s"});
}

}  // namespace

std::vector<Row> bench_pool(const PoolOptions& options) {
    const World world;
    std::vector<Row> rows;
    std::vector<Row> more;
    std::cerr << "the ledger alone\n";
    const auto ledger = run_ledger(options.steps);
    std::cerr << "making two nodes and starting a terwayd on each\n";
    append_warm(rows, more, run_warm(options.programs, world.scratch(), options.rounds));
    await_quiet();
    append_bursts(rows, more, run_bursts(options.programs, world.scratch(), options.bursts));
    append_churn(rows, more, run_churn(options.churn));
    append_ledger(rows, more, ledger);
    rows.insert(rows.end(), more.begin(), more.end());
    return rows;
}

}  // namespace terway::bench
