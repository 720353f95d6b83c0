// A node of a simulated cluster with NetworkPolicies: the API server, in this process, and a
// terwayd with a policy module.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>

#include "contender.hpp"
#include "daemon.hpp"
#include "policy_objects.hpp"
#include "sim/kube/server.hpp"

namespace terway::bench {

// A pod that was added.
struct PolicyPod {
    Sandbox sandbox;
    std::string link;  // on the node
    IpAddress address;
};

class PolicyNode {
public:
    static constexpr const char* kName = PolicyObjects::kNode;

    // `name` is of its files and its daemon.
    PolicyNode(const Programs& programs, const std::string& scratch, const std::string& name,
               std::string module = "policy-felix");
    ~PolicyNode();
    PolicyNode(const PolicyNode&) = delete;
    PolicyNode& operator=(const PolicyNode&) = delete;

    [[nodiscard]] sim::kube::KubeServer& server() { return *server_; }
    [[nodiscard]] int netns() const { return contender_.node(); }
    [[nodiscard]] const Daemon& daemon() const { return *daemon_; }

    // What was in force stays when it stops.
    void start_daemon();
    void stop_daemon() { daemon_.reset(); }
    // Neither daemon nor API server any more, only what is in the kernel.
    void leave_alone() {
        daemon_.reset();
        server_.reset();
    }
    // Until it has put in force what follows from the whole cluster.
    void await_first_sync() const;
    // ADD, as a kubelet has it done for that pod, which the API server must have.
    [[nodiscard]] PolicyPod add(const boost::json::object& pod);

private:
    std::unique_ptr<sim::kube::KubeServer> server_;
    Programs programs_;
    std::string directory_;
    std::string module_;
    std::string kubeconfig_;
    Contender contender_;
    std::unique_ptr<Daemon> daemon_;
    std::uint32_t pods_ = 0;
};

// Puts an object into the store, as it is. For bodies of KubeServer::with.
void store_object(sim::kube::Api& api, const char* kind, boost::json::object object);

// ADD of `pod` by the contender's daemon, number `number`.
[[nodiscard]] PolicyPod add_pod(const Contender& contender, std::uint32_t number,
                                const std::string& space, const std::string& name,
                                const std::string& uid);

}  // namespace terway::bench
