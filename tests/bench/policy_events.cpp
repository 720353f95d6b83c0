#include "policy_events.hpp"

#include <poll.h>

#include <iostream>
#include <random>

#include "interrupt.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr const char* kTable = "terway-policy";
constexpr std::chrono::seconds kPatience{20};
constexpr unsigned kWarmUp = 20;
constexpr int kLongestPause = 20;  // ms

double ms_of(const Arrived& arrived) {
    return milliseconds_between(arrived.begun, arrived.ended);
}

// Pods of other nodes, one after the other.
class Others {
public:
    explicit Others(const PolicyObjects& objects) : objects_(objects) {}
    unsigned next() {
        do {
            at_ = (at_ + kStride) % objects_.scale().pods;
        } while (objects_.is_local(at_));
        return at_;
    }

private:
    static constexpr unsigned kStride = 7919;  // a prime: comes by all of them
    const PolicyObjects& objects_;
    unsigned at_ = 0;
};

// So that what the watch says is told to nobody who is gone.
class Watching {
public:
    explicit Watching(PolicyCluster& cluster)
        : cluster_(cluster), watch_(cluster.node().netns(), kTable) {
        cluster_.watch_with(&watch_);
    }
    ~Watching() { cluster_.watch_with(nullptr); }
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;
    [[nodiscard]] KernelWatch& watch() { return watch_; }

private:
    PolicyCluster& cluster_;
    KernelWatch watch_;
};

}  // namespace

EventTimes run_events(PolicyCluster& cluster, unsigned events) {
    Watching watching(cluster);
    Others others(cluster.objects());
    std::mt19937 random(1);
    const auto first_new = cluster.objects().scale().pods;
    EventTimes times;
    for (unsigned event = 0; event < events + kWarmUp; ++event) {
        check_interrupted();
        (void)::poll(nullptr, 0, static_cast<int>(random() % (kLongestPause + 1)));
        switch (event % PolicyCluster::kEvents.size()) {
            case PolicyCluster::Label:
                cluster.change_tier(others.next());
                break;
            case PolicyCluster::Comes:
                cluster.come(first_new + event);
                break;
            case PolicyCluster::Goes:
                cluster.go(first_new + event - 1);
                break;
            default:
                cluster.change_app(event / PolicyCluster::kEvents.size());
        }
        watching.watch().await(after(kPatience));
        for (const auto& arrived : watching.watch().take()) {
            if (event >= kWarmUp) {
                times.all.add(ms_of(arrived));
                times.by_kind[arrived.kind].add(ms_of(arrived));
            }
        }
    }
    return times;
}

ChurnTimes run_churn(PolicyCluster& cluster, const ChurnOptions& options) {
    std::cerr << options.per_second << " label changes a second for " << options.span.count()
              << " seconds\n";
    Watching watching(cluster);
    auto& watch = watching.watch();
    Others others(cluster.objects());
    const auto& daemon = cluster.node().daemon();
    const auto cpu_begin = daemon.cpu_seconds();
    const auto begin = Clock::now();
    const auto end = begin + options.span;
    const auto look = begin + options.span / 6;
    ChurnTimes times;
    std::uint64_t done = 0;
    for (auto now = begin; now < end; now = Clock::now()) {
        check_interrupted();
        if (times.rss_before == 0 && now >= look) {
            times.rss_before = daemon.memory().rss;
        }
        const double due = std::chrono::duration<double>(now - begin).count() * options.per_second;
        for (unsigned tries = 0; static_cast<double>(done) < due; ++tries) {
            if (tries > cluster.objects().scale().pods) {
                throw Error(Status::Internal,
                            "every pod's last change is still on its way to the kernel");
            }
            const auto number = others.next();
            if (!watch.is_expected(token_of_address(PolicyObjects::address_of_pod(number)))) {
                cluster.change_tier(number);
                ++done;
                tries = 0;
            }
        }
        (void)::poll(nullptr, 0, 1);
    }
    times.per_second =
        static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - begin).count();
    watch.await(after(kPatience));
    times.rss_after = daemon.memory().rss;
    times.cpu_share = (daemon.cpu_seconds() - cpu_begin) /
                      std::chrono::duration<double>(Clock::now() - begin).count();
    for (const auto& arrived : watch.take()) {
        times.lag.add(ms_of(arrived));
        if (arrived.begun < begin + options.span / 3) {
            times.lag_at_first.add(ms_of(arrived));
        } else if (arrived.begun >= begin + options.span * 2 / 3) {
            times.lag_at_last.add(ms_of(arrived));
        }
    }
    return times;
}

}  // namespace terway::bench
