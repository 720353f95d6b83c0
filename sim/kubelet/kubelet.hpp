// A node's kubelet and container runtime, as far as the network of pods is concerned: pods bound to
// the node get a sandbox, and the plugins of a conflist give it its network. No container runs.
//
//     Kubelet kubelet(server, {.node = "node-a", .addresses = {ip}, .directory = dir,
//                              .plugins = "/opt/cni/bin", .conflist = conflist, .netns_fd = fd});
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "sim/kube/server.hpp"
#include "sim/kubelet/ledger.hpp"
#include "sim/kubelet/reporter.hpp"
#include "sim/kubelet/runner.hpp"

namespace terway::sim::kubelet {

struct KubeletOptions {
    std::string node;
    std::vector<IpAddress> addresses;  // of the node, one at least
    std::string directory;             // of the sandboxes
    std::string plugins;               // directory of the CNI binaries
    json::object conflist;
    int netns_fd = -1;     // of the node; lent
    unsigned workers = 4;  // pods at a time
    Patience patience{std::chrono::milliseconds(200), std::chrono::seconds(5)};
};

// Hears of pods within this process, so it does its work while the server is down to others.
// Registers its node. Destruction waits for plugins that run; sandboxes vanish with it, without a
// DEL. Threads: any.
class Kubelet {
public:
    // Borrows the server. Throws Error.
    Kubelet(kube::KubeServer& server, KubeletOptions options);
    Kubelet(const Kubelet&) = delete;
    Kubelet& operator=(const Kubelet&) = delete;

    // Of the pod that has the name now; nullptr if it has none.
    [[nodiscard]] std::shared_ptr<const Sandbox> sandbox(const std::string& space,
                                                         const std::string& name) const {
        return runner_.sandbox({space, name});
    }
    [[nodiscard]] std::size_t sandboxes() const { return runner_.count(); }

private:
    void watch(const std::stop_token& stop);
    void work(const std::stop_token& stop);
    [[nodiscard]] std::optional<Job> await_job(const std::stop_token& stop);
    [[nodiscard]] bool perform(const Job& job);
    void start(const Job& job);
    [[nodiscard]] std::vector<PodOrder> orders();

    kube::KubeServer& server_;
    const KubeletOptions options_;
    Reporter reporter_;
    Runner runner_;
    Mutex mutex_;
    Condition changed_;
    Ledger ledger_ TERWAY_GUARDED_BY(mutex_);
    std::vector<std::jthread> threads_;
};

}  // namespace terway::sim::kubelet
