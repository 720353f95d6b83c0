#include "policy_bench.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <utility>

#include "policy_resolver.hpp"
#include "world.hpp"

namespace terway::bench {
namespace {

constexpr double kGoalEvent = 50;        // ms
constexpr double kGoalFirstSync = 2;     // s
constexpr double kGoalMemory = 80;       // MiB
constexpr double kGoalLag = 200;         // ms
constexpr double kGoalLagGrowth = 2;     // of the last third against the first
constexpr double kGoalMemoryGrowth = 2;  // MiB

bool wanted(const PolicyOptions& options, const std::string& part) {
    return options.only.empty() ||
           std::find(options.only.begin(), options.only.end(), part) != options.only.end();
}

void append_events(std::vector<Row>& rows, const EventTimes& times) {
    rows.push_back({"event_to_kernel_p99_ms", times.all.p99(), "ms", {}, kGoalEvent});
    rows.push_back({"event_to_kernel_p50_ms", times.all.median(), "ms"});
    for (const auto& [kind, samples] : times.by_kind) {
        const std::string name = PolicyCluster::kEvents.at(kind);
        rows.push_back({name + "_to_kernel_p50_ms", samples.median(), "ms"});
        rows.push_back({name + "_to_kernel_p99_ms", samples.p99(), "ms"});
    }
}

void append_churn(std::vector<Row>& rows, const ChurnTimes& times) {
    rows.push_back({"churn_lag_p50_ms", times.lag.median(), "ms"});
    rows.push_back({"churn_lag_p99_ms", times.lag.p99(), "ms", {}, kGoalLag});
    rows.push_back({"churn_lag_max_ms", times.lag.quantile(1), "ms"});
    rows.push_back({"churn_lag_p99_last_vs_first_third", times.lag_at_last.p99(), "ms",
                    times.lag_at_first.p99(), kGoalLagGrowth});
    rows.push_back({"churn_rss_growth_mib",
                    std::max(0.0, times.rss_after - times.rss_before),
                    "MiB",
                    {},
                    kGoalMemoryGrowth});
    rows.push_back({"churn_changes_per_s", times.per_second, "1/s"});
    rows.push_back({"churn_cpu_share", times.cpu_share, "cores"});
}

void measure_resolver(std::vector<Row>& rows, const PolicyScale& scale) {
    std::cerr << "the resolver alone\n";
    const auto times = run_resolver(scale);
    rows.push_back({"resolver_full_cpu_ms", times.full_ms, "ms"});
    rows.push_back({"resolver_set_members", times.members, ""});
    rows.push_back({"resolver_rss_mib", times.rss_mib, "MiB"});
    rows.push_back({"resolver_label_p50_us", times.label_us.median(), "us"});
    rows.push_back({"resolver_label_p99_us", times.label_us.p99(), "us"});
    rows.push_back({"resolver_namespace_us", times.namespace_us, "us"});
    rows.push_back({"resolver_policy_us", times.policy_us, "us"});
    rows.push_back({"resolver_rss_growth_mib", std::max(0.0, times.growth_mib), "MiB"});
}

void measure_daemon(std::vector<Row>& rows, const PolicyOptions& options,
                    const std::string& scratch) {
    PolicyCluster cluster(options.programs, scratch, options.scale);
    const auto sync = cluster.restart();
    rows.push_back({"first_sync_cpu_s", sync.cpu_seconds, "s", {}, kGoalFirstSync});
    rows.push_back({"first_sync_ms", sync.ms, "ms"});
    rows.push_back({"daemon_rss_mib", sync.memory.rss, "MiB", {}, kGoalMemory});
    rows.push_back({"daemon_peak_rss_mib", sync.memory.peak, "MiB"});
    append_events(rows, run_events(cluster, options.events));
    append_churn(rows, run_churn(cluster, options.churn));
}

}  // namespace

std::vector<Row> bench_policy(const PolicyOptions& options) {
    check_scale(options.scale);
    std::vector<Row> rows;
    if (wanted(options, "resolver")) {
        measure_resolver(rows, options.scale);
    }
    if (options.only == std::vector<std::string>{"resolver"}) {
        return rows;  // needs no rights
    }
    const World world;
    if (wanted(options, "daemon")) {
        measure_daemon(rows, options, world.scratch());
    }
    if (wanted(options, "traffic")) {
        await_quiet();
        auto more = run_policy_traffic(options.programs, world.scratch(), options.traffic);
        std::move(more.begin(), more.end(), std::back_inserter(rows));
    }
    return rows;
}

}  // namespace terway::bench
