// Small clusters and policies by chance, made to meet each other often.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "policy_naive.hpp"

namespace terway::policy_test {

class Chance {
public:
    explicit Chance(std::uint64_t seed) : engine_(seed) {}

    [[nodiscard]] std::size_t below(std::size_t limit) { return engine_() % limit; }
    [[nodiscard]] std::size_t between(std::size_t least, std::size_t most) {
        return least + below(most - least + 1);
    }
    [[nodiscard]] bool percent(unsigned chance) { return below(100) < chance; }
    template <class List>
    [[nodiscard]] auto& pick(List& list) {
        return list[below(list.size())];
    }

private:
    std::mt19937_64 engine_;
};

// Of `space` and `number`, which no other pod has.
[[nodiscard]] kube::Pod random_pod(Chance& chance, const kube::Namespace& space,
                                   std::size_t number);
void relabel(Chance& chance, kube::Pod& pod);
void rename_ports(Chance& chance, kube::Pod& pod);
void move(Chance& chance, kube::Pod& pod, std::size_t number);  // to other addresses

[[nodiscard]] kube::Namespace random_namespace(Chance& chance, const std::string& name);
void relabel(Chance& chance, kube::Namespace& space);

[[nodiscard]] kube::NetworkPolicy random_policy(Chance& chance, const Cluster& cluster,
                                                const kube::Namespace& space,
                                                const std::string& name);

[[nodiscard]] kube::ClusterNetworkPolicy random_cluster_policy(Chance& chance,
                                                               const Cluster& cluster,
                                                               const std::string& name);

// Without cluster policies.
[[nodiscard]] Cluster random_cluster(Chance& chance);

// Somebody to ask about: pods, nodes, the outside.
[[nodiscard]] std::vector<IpAddress> interesting_addresses(const Cluster& cluster);

}  // namespace terway::policy_test
