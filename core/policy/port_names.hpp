// Which numbers pods have for names of ports. Private to core/policy.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "policy/cluster.hpp"

namespace terway::policy {

// Named sets allow and are asked before everything else. Where the order of rules counts, a name is
// instead taken for every number that any pod has for it, each with the pods that have that one.
class PortNames {
public:
    using ForPods = std::function<void(const std::function<void(const PodState&)>&)>;

    // These names and no others count from now on.
    void watch(std::set<kube::Word> names, const ForPods& all_pods);
    // For a pod that counts, before and after it changes.
    void remove(const PodState& pod) { count(pod, -1); }
    void add(const PodState& pod) { count(pod, 1); }

    // Sorted.
    [[nodiscard]] std::vector<std::uint16_t> numbers(Protocol protocol,
                                                     const kube::Word& name) const;
    // Whether any numbers are other than at the last time.
    [[nodiscard]] bool take_changed();

private:
    struct Entry {
        kube::Word name;
        Protocol protocol = Protocol::Tcp;
        std::uint16_t number = 0;

        bool operator==(const Entry&) const = default;
        bool operator<(const Entry& other) const;
    };

    void count(const PodState& pod, int ways);

    std::set<kube::Word> names_;
    std::map<Entry, std::size_t> pods_;  // how many ports of pods are so
    std::vector<Entry> taken_;
    bool is_touched_ = false;
};

}  // namespace terway::policy
