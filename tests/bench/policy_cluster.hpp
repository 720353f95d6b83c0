// A cluster of PolicyObjects around a node under test, and what happens in it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernel_watch.hpp"
#include "policy_node.hpp"
#include "policy_objects.hpp"

namespace terway::bench {

struct FirstSync {
    double cpu_seconds = 0;  // of the daemon, from its start
    double ms = 0;
    Memory memory;
};

// The main thread's.
class PolicyCluster {
public:
    enum Event : unsigned { Label, Comes, Goes, LocalLabel };
    static constexpr std::array kEvents{"label", "pod_comes", "pod_goes", "local_label"};

    PolicyCluster(const Programs& programs, const std::string& scratch, const PolicyScale& scale);

    // Starts a daemon on the node, whose pods were added under an earlier one.
    [[nodiscard]] FirstSync restart();
    [[nodiscard]] PolicyNode& node() { return node_; }
    [[nodiscard]] const PolicyObjects& objects() const { return objects_; }

    // From now on events tell `watch` what they are to bring about, and when they were stored.
    void watch_with(KernelWatch* watch) { watch_ = watch; }
    // A pod of another node gets the label of another tier.
    void change_tier(unsigned number);
    // One with an address, and one that has come before.
    void come(unsigned number);
    void go(unsigned number);
    // A local pod of those whose policies depend on it gets another label "app".
    void change_app(std::size_t ordinal);
    [[nodiscard]] std::size_t count_chosen() const { return chosen_.size(); }

private:
    void fill();
    void add_pods();
    template <class Change>
    void change_pod(unsigned number, const std::string& token, const Expected& what, Change change);
    void expect(const std::string& token, Expected what);

    PolicyObjects objects_;
    PolicyNode node_;
    std::map<unsigned, PolicyPod> pods_;  // by number
    std::vector<unsigned> chosen_;        // local ones whose label "app" counts
    KernelWatch* watch_ = nullptr;
};

}  // namespace terway::bench
