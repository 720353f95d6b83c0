// A node of a simulated cluster: the API server, a kubelet and the real daemon.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node.hpp"
#include "sim/kubelet/kubelet.hpp"

namespace terway::test {

struct PodWish {
    std::map<std::string, std::string> annotations;
    std::map<std::string, std::string> labels;
    bool host_network = false;
};

// The node "node-a"; pods are in the namespace "default" and bound to it. One thread at a time. By
// default it is a node of its own, with ranges of pod addresses that the API server tells.
class KubeNode {
public:
    static constexpr const char* kName = "node-a";

    explicit KubeNode(const sim::kube::ApiOptions& options = {});
    // One that somebody else has made, and lends.
    KubeNode(Node& node, const std::vector<IpAddress>& addresses,
             const sim::kube::ApiOptions& options = {});

    [[nodiscard]] Node& node() noexcept { return node_; }
    [[nodiscard]] sim::kube::KubeServer& server() noexcept { return server_; }
    [[nodiscard]] sim::kubelet::Kubelet& kubelet() { return *kubelet_; }

    // Whose token the next daemon has; the administrator's is in force else.
    void set_token(std::string token) { token_ = std::move(token); }
    // Further tables of the next daemon's profile.
    void set_modules(std::string text) { modules_ = std::move(text); }
    // Of the real client, as administrator. Throws Error if it fails.
    std::string kubectl(std::vector<std::string> words);

    // What the controller manager does: the Node object, if there is none, and its ranges.
    void give_pod_cidrs(const std::vector<std::string>& cidrs = {"172.20.1.0/24",
                                                                 "fd00:20:1::/64"});
    [[nodiscard]] std::unique_ptr<Daemon> start_daemon(
        const std::map<std::string, std::string>& env = {});
    [[nodiscard]] std::unique_ptr<Daemon> launch_daemon();
    // After terway the runtime calls the plugins named; their files are in plugins().
    void start_kubelet(const std::vector<std::string>& further_plugins = {});
    [[nodiscard]] std::string plugins() const { return node_.files() / "plugins"; }

    // Answers the UID.
    std::string create(const std::string& pod, const PodWish& wish = {});
    void remove(const std::string& pod, std::int64_t grace = 30);
    void annotate(const std::string& pod, const std::string& name, const std::string& value);
    void label(const std::string& pod, const std::string& name, const std::string& value);
    // Empty if there is none.
    [[nodiscard]] boost::json::object pod(const std::string& name);
    [[nodiscard]] std::string phase(const std::string& pod);
    [[nodiscard]] std::string annotation(const std::string& pod, const std::string& name);
    // A NetworkPolicy; the specification is JSON.
    void apply_policy(const std::string& name, const std::string& spec);
    void remove_policy(const std::string& name);
    // The same for a ClusterNetworkPolicy.
    void apply_cluster_policy(const std::string& name, const std::string& spec);
    void remove_cluster_policy(const std::string& name);
    // An object of whatever kind ("services", "endpointslices.discovery.k8s.io") in "default":
    // made, or what it has of the JSON replaced.
    void put(const std::string& kind, const std::string& name, const std::string& text);
    void drop(const std::string& kind, const std::string& name);
    // Of the status.
    [[nodiscard]] std::vector<IpAddress> addresses(const std::string& pod);
    // Waits until it runs; throws Error if it does not.
    IpAddress await_running(const std::string& pod);
    // "Warning AllocIPFailed: message", all about the pod.
    [[nodiscard]] std::vector<std::string> events(const std::string& pod);
    [[nodiscard]] bool talks(const std::string& from, const std::string& to);

private:
    void make_plugins();
    void prepare();
    void patch_pod(const std::string& pod, const char* member, const std::string& name,
                   const std::string& value);
    void apply(const sim::kube::Kind& kind, const sim::kube::Key& key, const std::string& spec);
    void remove(const sim::kube::Kind& kind, const sim::kube::Key& key);
    std::string kubeconfig(const std::string& token);

    sim::kube::KubeServer server_;
    std::unique_ptr<Node> own_;
    Node& node_;
    std::vector<IpAddress> addresses_;
    std::unique_ptr<sim::kubelet::Kubelet> kubelet_;
    std::string token_ = "admin-token";
    std::string modules_;
};

}  // namespace terway::test
