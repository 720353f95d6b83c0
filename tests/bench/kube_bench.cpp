#include "kube_bench.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>

#include "base/file.hpp"
#include "kube/cache.hpp"
#include "kube_adds.hpp"
#include "kube_pods.hpp"
#include "readings.hpp"
#include "samples.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr double kGoalMbPerSecond = 100;
constexpr double kGoalMib = 64;
constexpr double kGoalLocalMib = 24;
constexpr double kGoalAdd = 1.3;
constexpr std::size_t kPiece = 16'384;  // as libcurl hands it over
constexpr unsigned kPage = 500;
constexpr unsigned kTimedPods = 5'000;

// Seconds of processor time of this thread.
double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double resident_mib() {
    return mib_of(read_file("/proc/self/status"), "VmRSS");
}

void feed(kube::ListReader& reader, std::string_view text) {
    while (!text.empty()) {
        reader.feed(text.substr(0, kPiece));
        text.remove_prefix(std::min(kPiece, text.size()));
    }
}

// One list in pages whose objects are made as they are read, so that only the reader holds any.
template <class Object, class Make>
void read_list(kube::Cache<Object>& cache, unsigned count, Make make) {
    cache.begin_list();
    for (unsigned first = 0; first < count; first += kPage) {
        kube::ListReader reader(cache);
        reader.feed(R"({"metadata":{"resourceVersion":"1000000"},"items":[)");
        const auto end = std::min(first + kPage, count);
        for (unsigned i = first; i < end; ++i) {
            feed(reader, (i == first ? "" : ",") + make(i));
        }
        reader.feed("]}");
        reader.finish();
    }
    cache.end_list();
    if (cache.size() != count) {
        throw Error(Status::Internal, "the cache has " + std::to_string(cache.size()) + " of " +
                                          std::to_string(count) + " objects");
    }
}

// Of the whole process.
double cache_mib(const KubeOptions& options) {
    kube::Words words;
    kube::Cache<kube::Pod> pods(words, {});
    kube::Cache<kube::Namespace> namespaces(words, {});
    read_list(namespaces, options.namespaces, namespace_text);
    read_list(pods, options.pods, pod_text);
    return resident_mib();
}

// Megabytes of JSON for each second of processor time.
double list_speed(unsigned rounds) {
    std::string page = R"({"metadata":{"resourceVersion":"1000000"},"items":[)";
    for (unsigned i = 0; i < kTimedPods; ++i) {
        page += (i == 0 ? "" : ",") + pod_text(i);
    }
    page += "]}";
    Samples speeds;
    for (unsigned round = 0; round < rounds; ++round) {
        kube::Words words;
        kube::Cache<kube::Pod> cache(words, {});
        const auto begin = cpu_seconds();
        cache.begin_list();
        kube::ListReader reader(cache);
        feed(reader, page);
        reader.finish();
        cache.end_list();
        speeds.add(static_cast<double>(page.size()) / 1e6 / (cpu_seconds() - begin));
    }
    return speeds.median();
}

}  // namespace

std::vector<Row> bench_kube(const KubeOptions& options) {
    std::vector<Row> rows;
    const auto mib = cache_mib(options);  // before anything else has used memory
    const auto speed = list_speed(options.lists);
    const World world;
    const auto adds =
        run_kube_adds(options.programs, world.scratch(), options.pods, options.rounds);
    rows.push_back(
        {"kube_list_mb_per_s", speed, "MB/s", kGoalMbPerSecond, 1.0, kGoalMbPerSecond / speed});
    rows.push_back({"kube_all_pods_rss_mib", mib, "MiB", {}, kGoalMib});
    rows.push_back({"kube_local_pods_rss_mib", adds.memory.rss, "MiB", {}, kGoalLocalMib});
    rows.push_back({"kube_add_p50_vs_without", adds.with.add.median(), "ms",
                    adds.without.add.median(), kGoalAdd});
    rows.push_back({"kube_add_p99_vs_without", adds.with.add.p99(), "ms", adds.without.add.p99()});
    rows.push_back(
        {"kube_del_p50_vs_without", adds.with.del.median(), "ms", adds.without.del.median()});
    return rows;
}

}  // namespace terway::bench
