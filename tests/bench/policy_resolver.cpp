#include "policy_resolver.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "base/time.hpp"
#include "kube/cache.hpp"
#include "policy/index.hpp"
#include "readings.hpp"

namespace terway::bench {
namespace {

constexpr std::size_t kLabelChanges = 60'000;
constexpr std::size_t kOtherChanges = 1'000;

double cpu_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double resident_mib() {
    return mib_of(read_file("/proc/self/status"), "VmRSS");
}

// As a reflector reads them.
template <class Object, class Make>
std::vector<Object> read_all(kube::Words& words, unsigned count, Make make) {
    kube::Cache<Object> cache(words, {});
    cache.begin_list();
    kube::ListReader reader(cache);
    reader.feed(R"({"metadata":{"resourceVersion":"1"},"items":[)");
    for (unsigned number = 0; number < count; ++number) {
        reader.feed((number == 0 ? "" : ",") + boost::json::serialize(make(number)));
    }
    reader.feed("]}");
    reader.finish();
    cache.end_list();
    std::vector<Object> all;
    for (const auto& object : cache.all()) {
        all.push_back(*object);
    }
    return all;
}

void relabel(kube::Meta& meta, std::string_view key, const std::string& value) {
    for (auto& [name, text] : meta.labels) {
        if (name == key) {
            text = kube::Word(value);
        }
    }
}

class Resolver {
public:
    explicit Resolver(const PolicyScale& scale) : objects_(scale) {
        spaces_ = read_all<kube::Namespace>(words_, scale.spaces,
                                            [&](auto number) { return objects_.space(number); });
        pods_ = read_all<kube::Pod>(words_, scale.pods,
                                    [&](auto number) { return objects_.pod(number); });
        policies_ = read_all<kube::NetworkPolicy>(
            words_, scale.policies, [&](auto number) { return objects_.policy(number); });
    }

    ResolverTimes run() {
        ResolverTimes times;
        const auto before = resident_mib();
        const auto begin = cpu_ms();
        tell();
        const auto first = index_.take();
        times.full_ms = cpu_ms() - begin;
        for (const auto& set : first.sets) {
            times.members +=
                static_cast<double>(set.added.addresses.size() + set.added.ports.size());
        }
        const auto held = resident_mib();
        times.rss_mib = held - before;
        change_labels(times);
        change_others(times);
        times.growth_mib = resident_mib() - held;
        return times;
    }

private:
    void tell() {
        for (const auto& space : spaces_) {
            index_.set_namespace(space);
        }
        for (const auto& pod : pods_) {
            index_.set_pod(pod);
        }
        for (const auto& policy : policies_) {
            index_.set_policy(policy);
        }
        for (unsigned ordinal = 0; ordinal < objects_.scale().local; ++ordinal) {
            const auto number = objects_.local(ordinal);
            index_.set_endpoint(
                {{objects_.space_of_pod(number), PolicyObjects::pod_name(number)}, {}, {}});
        }
    }
    template <class Object>
    Object& any(std::vector<Object>& all) {
        return all[random_() % all.size()];
    }
    void change_labels(ResolverTimes& times) {
        for (std::size_t change = 0; change < kLabelChanges; ++change) {
            auto& pod = any(pods_);
            relabel(pod.meta, "tier", PolicyObjects::tier(static_cast<unsigned>(random_())));
            const auto begin = Clock::now();
            index_.set_pod(pod);
            (void)index_.take();
            times.label_us.add(
                std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
        }
    }
    void change_others(ResolverTimes& times) {
        auto begin = cpu_ms();
        for (std::size_t change = 0; change < kOtherChanges; ++change) {
            auto& space = any(spaces_);
            relabel(space.meta, "team", "t" + std::to_string(random_() % 50));
            index_.set_namespace(space);
            (void)index_.take();
        }
        times.namespace_us = (cpu_ms() - begin) * 1e3 / kOtherChanges;
        begin = cpu_ms();
        for (std::size_t change = 0; change < kOtherChanges; ++change) {
            auto& policy = any(policies_);
            std::swap(policy.ingress->front().ports[0], policy.egress->back().ports[0]);
            index_.set_policy(policy);
            (void)index_.take();
        }
        times.policy_us = (cpu_ms() - begin) * 1e3 / kOtherChanges;
    }

    PolicyObjects objects_;
    kube::Words words_;
    std::vector<kube::Namespace> spaces_;
    std::vector<kube::Pod> pods_;
    std::vector<kube::NetworkPolicy> policies_;
    policy::Index index_;
    std::mt19937_64 random_{1};
};

}  // namespace

ResolverTimes run_resolver(const PolicyScale& scale) {
    return Resolver(scale).run();
}

}  // namespace terway::bench
