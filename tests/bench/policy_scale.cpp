// How long the resolver needs for a large cluster: first sync, one change, many changes. Prints one
// figure in a line.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "policy/index.hpp"

namespace {

using terway::IpAddress;
using terway::Prefix;
using namespace terway::policy;
namespace kube = terway::kube;

constexpr std::size_t kNamespaces = 1000;
constexpr std::size_t kPods = 10'000;
constexpr std::size_t kPolicies = 2000;
constexpr std::size_t kLocalPods = 100;
constexpr std::size_t kChanges = 60'000;

double cpu_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double resident_mib() {
    std::ifstream file("/proc/self/statm");
    double pages = 0;
    file >> pages >> pages;
    return pages * 4096 / 1048576;
}

std::string number(std::size_t n) {
    return std::to_string(n);
}

class Cluster {
public:
    std::vector<kube::Namespace> spaces;
    std::vector<kube::Pod> pods;
    std::vector<kube::NetworkPolicy> policies;

    Cluster() {
        for (std::size_t i = 0; i < kNamespaces; ++i) {
            kube::Namespace space;
            space.meta.name = word("ns" + number(i));
            space.meta.labels = {
                {word("kubernetes.io/metadata.name"), space.meta.name},
                {word("team"), word("t" + number(i % 50))},
            };
            spaces.push_back(std::move(space));
        }
        for (std::size_t i = 0; i < kPods; ++i) {
            pods.push_back(pod(i));
        }
        for (std::size_t i = 0; i < kPolicies; ++i) {
            policies.push_back(policy(i));
        }
    }

    void relabel(kube::Pod& pod, std::size_t n) {
        pod.meta.labels[0].second = word("app" + number(n % 5));
    }

private:
    kube::Word word(const std::string& text) { return words_.word(text); }

    kube::Pod pod(std::size_t i) {
        kube::Pod pod;
        pod.meta.space = spaces[i % kNamespaces].meta.name;
        pod.meta.name = kube::Word("pod-" + number(i));
        pod.meta.uid = kube::Word("00000000-0000-0000-0000-" + number(100'000'000'000 + i));
        pod.meta.labels = {{word("app"), word("app" + number(i / kNamespaces % 5))},
                           {word("hash"), word("h" + number(i % 3000))},
                           {word("tier"), word("tier" + number(i % 3))}};
        pod.phase = kube::Phase::Running;
        pod.addresses = {IpAddress::parse("10.0.0.0")->plus(i + 1)};
        pod.ports = {{word("web"), static_cast<std::uint16_t>(8080 + i % 2), kube::Protocol::Tcp}};
        return pod;
    }

    kube::LabelSelector label(const std::string& key, const std::string& value) {
        kube::LabelSelector selector;
        selector.labels.emplace_back(word(key), word(value));
        return selector;
    }

    // Of a namespace: who may come in, and where it may go.
    kube::NetworkPolicy policy(std::size_t i) {
        kube::NetworkPolicy policy;
        policy.meta.space = spaces[i % kNamespaces].meta.name;
        policy.meta.name = kube::Word("policy-" + number(i));
        if (i % 2 == 0) {
            policy.pods = label("app", "app" + number(i % 5));
        }
        kube::PolicyRule web;
        web.ports.resize(1);
        web.ports[0].name = word("web");
        web.peers.resize(3);
        web.peers[0].pods = label("app", "app" + number(i % 5));
        web.peers[1].spaces = label("team", "t" + number(i % 50));
        web.peers[2].spaces.emplace();
        web.peers[2].pods = label("tier", "tier" + number(i % 3));
        policy.ingress = {web};
        kube::PolicyRule out;
        out.ports.resize(1);
        out.ports[0].first = out.ports[0].last = 443;
        out.peers.resize(1);
        out.peers[0].block =
            kube::IpBlock{*Prefix::parse("0.0.0.0/0"), {*Prefix::parse("10.0.0.0/8")}};
        policy.egress = {web, out};
        return policy;
    }

    kube::Words words_;
};

void say(const std::string& what, double value, const std::string& unit) {
    std::cout << what << " " << value << " " << unit << "\n";
}

void tell(Index& index, const Cluster& cluster) {
    for (const auto& space : cluster.spaces) {
        index.set_namespace(space);
    }
    for (const auto& pod : cluster.pods) {
        index.set_pod(pod);
    }
    for (const auto& policy : cluster.policies) {
        index.set_policy(policy);
    }
    for (std::size_t i = 0; i < kLocalPods; ++i) {
        const auto& pod = cluster.pods[i * (kPods / kLocalPods) + i % 7];
        index.set_endpoint({{pod.meta.space.text(), pod.meta.name.text()}, {}, {}});
    }
}

}  // namespace

int main() {
    Cluster cluster;
    const auto before_mib = resident_mib();
    const auto start = cpu_seconds();
    Index index;
    tell(index, cluster);
    const auto told = cpu_seconds();
    std::size_t members = 0;
    {
        const auto first = index.take();
        for (const auto& set : first.sets) {
            members += set.added.addresses.size() + set.added.ports.size();
        }
        say("endpoints", static_cast<double>(first.endpoints.size()), "");
    }
    const auto synced = cpu_seconds();
    say("first_sync_cpu", synced - start, "s");
    say("first_sync_cpu_of_rules", synced - told, "s");
    say("index_rss", resident_mib() - before_mib, "MiB");
    const auto sizes = index.sizes();
    say("groups", static_cast<double>(sizes.groups), "");
    say("sets", static_cast<double>(sizes.sets), "");
    say("rule_sets", static_cast<double>(sizes.rule_sets), "");
    say("set_members", static_cast<double>(members), "");

    std::mt19937_64 random(1);
    std::vector<double> times;
    std::size_t told_members = 0;
    const auto begin_mib = resident_mib();
    const auto begin = cpu_seconds();
    for (std::size_t i = 0; i < kChanges; ++i) {
        auto& pod = cluster.pods[random() % kPods];
        cluster.relabel(pod, random());
        const auto from = std::chrono::steady_clock::now();
        index.set_pod(pod);
        const auto update = index.take();
        times.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - from)
                .count());
        told_members += update.sets.size();
    }
    say("label_changes_cpu", cpu_seconds() - begin, "s for 60000");
    say("label_changes_rss_growth", resident_mib() - begin_mib, "MiB");
    std::sort(times.begin(), times.end());
    say("label_change_p50", times[times.size() / 2], "us");
    say("label_change_p99", times[times.size() * 99 / 100], "us");
    say("label_change_max", times.back(), "us");
    say("set_changes_told", static_cast<double>(told_members), "");

    const auto relabelled = cpu_seconds();
    for (std::size_t i = 0; i < 1000; ++i) {
        auto& space = cluster.spaces[random() % kNamespaces];
        space.meta.labels[1].second = kube::Word("t" + number(random() % 50));
        index.set_namespace(space);
        (void)index.take();
    }
    say("namespace_label_change", (cpu_seconds() - relabelled) * 1000, "us");
    const auto replaced = cpu_seconds();
    for (std::size_t i = 0; i < 1000; ++i) {
        auto& policy = cluster.policies[random() % kPolicies];
        std::swap(policy.ingress->front().ports[0].name, policy.egress->back().ports[0].name);
        index.set_policy(policy);
        (void)index.take();
    }
    say("policy_change", (cpu_seconds() - replaced) * 1000, "us");
    return 0;
}
