// Sandboxes of pods, with the network their plugins give them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "sim/kubelet/cni.hpp"
#include "sim/kubelet/order.hpp"
#include "sim/sandbox.hpp"

namespace terway::sim::kubelet {

// Threads: any, but one at a time for each pod.
class Runner {
public:
    // Sandboxes are at DIRECTORY/CONTAINER.
    Runner(CniNetwork network, std::string directory)
        : network_(std::move(network)), directory_(std::move(directory)) {}

    // Answers the pod's addresses. What an earlier attempt left is taken down first, and nothing
    // stays when it fails, if the plugins let go. Throws Error.
    [[nodiscard]] std::vector<IpAddress> start(const PodOrder& order, unsigned attempt);
    // Does nothing if there is none. Throws Error; the sandbox stays then.
    void stop(const PodOrder& order);

    // Of the pod that has the name now, and nullptr if it has none.
    [[nodiscard]] std::shared_ptr<const Sandbox> sandbox(const kube::Key& pod) const;
    [[nodiscard]] std::size_t count() const;

private:
    struct Running {
        kube::Key key;
        Attachment attachment;
        std::shared_ptr<const Sandbox> sandbox;
        std::uint64_t number = 0;
    };
    void remember(const std::string& uid, Running running);
    [[nodiscard]] std::shared_ptr<const Running> find(const std::string& uid) const;

    const CniNetwork network_;
    const std::string directory_;
    mutable Mutex mutex_;
    std::map<std::string, std::shared_ptr<const Running>> all_ TERWAY_GUARDED_BY(mutex_);  // by UID
    std::uint64_t made_ TERWAY_GUARDED_BY(mutex_) = 0;
};

}  // namespace terway::sim::kubelet
