// Binds pods to nodes, in turn.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "sim/kube/server.hpp"
#include "sim/kubelet/reporter.hpp"

namespace terway::sim::kubelet {

// Which of the nodes the pod may go to: ready ones that are not cordoned and have the labels its
// nodeSelector asks for. Pure.
[[nodiscard]] bool fits(const json::object& pod, const json::object& node);

// A pod without a node gets the next one that fits; one that fits nowhere waits. Within this
// process, as the kubelets.
class Scheduler {
public:
    // Borrows the server.
    explicit Scheduler(kube::KubeServer& server);
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

private:
    struct Picture {
        std::vector<PodOrder> pods;  // without a node
        std::vector<std::pair<std::string, kube::ObjectPtr>> nodes;
    };
    void run(const std::stop_token& stop);
    [[nodiscard]] Picture look();
    [[nodiscard]] std::string choose(const PodOrder& order, const Picture& picture);

    kube::KubeServer& server_;
    Reporter reporter_;
    std::size_t turn_ = 0;
    std::jthread thread_;
};

}  // namespace terway::sim::kubelet
