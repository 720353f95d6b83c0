// Writes what a controller has to say to the simulated API server.
#pragma once

#include <string>
#include <vector>

#include "base/address.hpp"
#include "sim/kube/server.hpp"
#include "sim/kubelet/order.hpp"
#include "sim/kubelet/status.hpp"

namespace terway::sim::kubelet {

// What concerns a pod that is gone, or another one by now, is dropped. Threads: any.
class Reporter {
public:
    // Borrows the server. `component` and `host` are the source of events.
    Reporter(kube::KubeServer& server, std::string component, std::string host)
        : server_(server), component_(std::move(component)), host_(std::move(host)) {}

    // Makes the node if it is not there, and says that it is ready.
    void node(const std::string& name, const std::vector<IpAddress>& addresses);
    void waiting(const PodOrder& order, const IpAddress& host);
    void running(const PodOrder& order, const IpAddress& host,
                 const std::vector<IpAddress>& addresses);
    // The pod is no more.
    void gone(const PodOrder& order);
    // Binds the pod to a node. Answers whether it was still to be bound.
    bool bound(const PodOrder& order, const std::string& node);
    // The same remark on the same pod is counted, its message is the last one's.
    void event(const PodOrder& order, bool is_warning, const std::string& reason,
               const std::string& message);

private:
    template <class Body>
    bool about(const PodOrder& order, Body body);
    void set_status(const PodOrder& order, json::object status);

    kube::KubeServer& server_;
    const std::string component_;
    const std::string host_;
};

}  // namespace terway::sim::kubelet
