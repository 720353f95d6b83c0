// A small cluster: nodes that belong to a Kubernetes API, and kubectl on one of them.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/demo/cluster.hpp"
#include "sim/demo/story.hpp"
#include "sim/kubelet/kubelet.hpp"
#include "sim/kubelet/scheduler.hpp"
#include "sim/simulation.hpp"

namespace terway::sim::demo {

// `kubectl` in a node, with a kubeconfig of its own.
class Kubectl {
public:
    // Throws Error(Gone) if kubectl is not installed.
    Kubectl(const std::string& directory, const std::string& kubeconfig, int netns_fd);

    [[nodiscard]] const std::string& kubeconfig() const noexcept { return kubeconfig_; }
    // What it prints. Throws Error if it fails.
    std::string operator()(const std::vector<std::string>& words,
                           const std::string& input = {}) const;

private:
    const std::string directory_;
    const std::string kubeconfig_;
    const int netns_fd_;
};

// A node of the cluster: terwayd and a kubelet.
struct Member {
    Member(Simulation& simulation, const std::string& name, const std::string& profile,
           const Binaries& binaries);
    // The runtime finds the CNI configuration, so pods may come.
    void start_kubelet(kube::KubeServer& server, const Model& model);

    Node node;
    std::string plugins;
    std::vector<std::string> before;  // the kernel's state without a pod
    std::unique_ptr<kubelet::Kubelet> kubelet;
};

// Members are made in order and vanish in reverse.
class Cluster {
public:
    // `chain` are further lines of [chain] in the nodes' profiles.
    explicit Cluster(const std::string& topology, const std::string& chain = {});

    [[nodiscard]] const Kubectl& kubectl() const noexcept { return *kubectl_; }
    [[nodiscard]] std::list<Member>& members() noexcept { return members_; }
    // Of the pod's kubelet. Throws Error if no node has it.
    [[nodiscard]] std::shared_ptr<const Sandbox> sandbox(const std::string& space,
                                                         const std::string& pod) const;
    // By the API.
    [[nodiscard]] std::vector<IpAddress> addresses(const std::string& space,
                                                   const std::string& pod) const;
    // In the words of `kubectl get -o jsonpath`.
    [[nodiscard]] std::string field(const std::string& space, const std::string& pod,
                                    const std::string& path) const;
    void start_kubelets();

private:
    const Topology topology_;
    Simulation simulation_;
    std::list<Member> members_;
    std::unique_ptr<Kubectl> kubectl_;
    std::unique_ptr<kubelet::Scheduler> scheduler_;
};

inline constexpr std::chrono::seconds kKubePatience{30};

// Each line as a note.
void tell(Story& story, const std::string& text);
[[nodiscard]] std::string on_one_line(const std::string& text);

// How every play with a cluster begins: nodes, API server and kubelets; `chain` as for Cluster.
void build(Story& story, std::optional<Cluster>& cluster, const std::string& chain = {});
// Then their ranges of addresses, and terwayd on each.
void start_daemons(Story& story, Cluster& cluster);
void await_running(Story& story, const Cluster& cluster, const std::string& space,
                   const std::string& pod);
// And how it ends: nothing of the pods is left, and terwayd stops.
void end(Story& story, Cluster& cluster);

}  // namespace terway::sim::demo
