// A node of the simulated cloud to run the daemon on: pods have addresses of its ENIs.
//
//     CloudNode cloud;
//     const auto daemon = cloud.node().start();
//     cloud.add_fault({.action = "Attach*", .kind = sim::FaultRule::Kind::Lost, .times = 1});
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel.hpp"
#include "node.hpp"
#include "sim/simulation.hpp"
#include "traffic.hpp"

namespace terway::test {

// What differs from one test's cloud to the next's.
struct CloudSettings {
    std::string pool;  // lines of [pool], beside the source
    std::string source = "eni";
    std::string dataplane = "veth";
    std::string chain;                   // further lines of [chain], and its [[chain.when]]
    std::vector<std::string> pod_cidrs;  // of the node; it makes its routes in the VPC
    std::string modules;                 // tables of modules beside [module.veth]
    std::string cloud;                   // lines of [cloud] of the profile
    std::string type = "ecs.g7.large";   // of the instance: two ENIs of six addresses for pods
    std::string simulation;              // lines of [cloud] of the topology
    std::string topology;                // further tables of it
    std::string cool_down = "0s";
    std::string call_timeout = "5s";
    bool role = false;  // credentials of a RAM role, in place of a file
    // The cloud's clock is two minutes behind: everything made looks old to the daemon at once.
    bool in_the_past = false;
};

// An ENI as the cloud has it.
struct CloudEni {
    std::string status;
    std::string instance;
    std::string vswitch;
    std::set<IpAddress> addresses;
    std::vector<Prefix> prefixes;
};

// The node "a" with the daemon's files, and its neighbour "b". vsw-a and vsw-b are in one zone.
// Needs root. What a killed test left behind is removed by the next one. One thread at a time.
class CloudNode {
public:
    static constexpr const char* kInstance = "i-a";
    static constexpr const char* kNode4 = "10.0.0.10";
    static constexpr const char* kNode6 = "fd00:10::10";
    static constexpr const char* kNeighbour4 = "10.0.0.11";
    static constexpr const char* kNeighbour6 = "fd00:10::11";
    // Beyond the VPC's gateway.
    static constexpr const char* kOutside4 = "203.0.113.10";

    explicit CloudNode(const CloudSettings& settings = {});
    CloudNode(const CloudNode&) = delete;
    CloudNode& operator=(const CloudNode&) = delete;

    [[nodiscard]] Node& node() noexcept { return *node_; }
    [[nodiscard]] const Node& node() const noexcept { return *node_; }
    [[nodiscard]] int neighbour_fd() const noexcept { return neighbour_->fd(); }
    [[nodiscard]] sim::CloudServer& cloud() noexcept { return simulation_.cloud(); }

    int add_fault(const sim::FaultRule& rule);
    void clear_faults();
    // How many calls met the fault.
    [[nodiscard]] unsigned struck(int fault);
    // By name, as `terway-sim set`.
    void set(const std::string& key, const std::string& value);
    // Nobody in the node reaches the cloud's API, and the metadata service, until it is back.
    void go_away();
    void come_back();

    // How often the action was asked for, whatever came of it.
    [[nodiscard]] std::uint64_t calls(const std::string& action);
    [[nodiscard]] std::uint64_t mutating_calls();
    // "ecs:CreateNetworkInterface" and the like, each that was asked for.
    [[nodiscard]] std::set<std::string> actions();

    // Every ENI but the primary ones, by id.
    [[nodiscard]] std::map<std::string, CloudEni> enis();
    // Changes the lines of [pool] for the next start.
    void set_pool(const std::string& lines);
    // Behind the daemon's back.
    void detach(const std::string& eni);
    void take_away(const std::string& eni, const IpAddress& address);

    // Where pool, records, kernel and cloud do not agree, a line each: pods as `terwayctl mapping`
    // and `disagreement` see them, ENIs and addresses only one side knows, and ENIs of ours that
    // are attached to nothing. Empty if all is well. Needs a running daemon.
    [[nodiscard]] std::string difference();
    // Waits until there is none; answers the one that stays.
    [[nodiscard]] std::string agreed(std::chrono::milliseconds limit = std::chrono::seconds(15));

    // `terwayctl pool`: how many addresses are in that state, all families together.
    [[nodiscard]] std::size_t in_state(const std::string& state) const;
    // What keeps the pool from growing, by `terwayctl pool`; a line each.
    [[nodiscard]] std::string troubles() const;
    // The value of a line of /metrics; 0 if it is not there.
    [[nodiscard]] double metric(const std::string& name_and_labels) const;
    // Sum over all lines of that metric whose labels contain the text.
    [[nodiscard]] double metric_sum(const std::string& name, const std::string& labels = {}) const;

    // Whether a datagram passes from the pod to the neighbour node and back, sources unchanged.
    [[nodiscard]] bool talks(const Sandbox& pod, const IpAddress& address) const;

private:
    sim::Simulation simulation_;
    std::optional<Netns> neighbour_;
    std::unique_ptr<Node> node_;
};

// A CNI ADD of a pod with a name.
[[nodiscard]] CniCall add_of(const std::string& container, const Sandbox& pod,
                             const std::string& pod_namespace, const std::string& pod_name);

}  // namespace terway::test
