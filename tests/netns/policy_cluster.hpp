// Nodes of a cluster as namespaces, each with a policy module of its own: pods are namespaces
// behind a veth, routed by their node, or have links that the node has not (policy_links.hpp);
// nodes and hosts outside the cluster meet in one namespace that routes, "the VPC". Neighbours on
// veths are told, so that no packet waits for any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/netns.hpp"
#include "policy/update.hpp"
#include "policy_links.hpp"
#include "terway/testing.hpp"

namespace terway::test {

// What enforces the policies of nodes. The files are TERWAY_POLICY_FELIX and TERWAY_POLICY_BPF.
enum class PolicyModule : std::uint8_t { Felix, Bpf };
// "felix", "bpf".
[[nodiscard]] std::string name_of(PolicyModule module);

struct PolicyPod {
    std::string node;
    std::vector<IpAddress> addresses;
    Netns netns = Netns::create();
    sdk::testing::EndpointBuilder endpoint{"c"};
    twy_attachment made{};
};

class PolicyCluster {
public:
    explicit PolicyCluster(Dataplane dataplane = Dataplane::Veth,
                           PolicyModule module = PolicyModule::Felix);
    ~PolicyCluster();
    PolicyCluster(const PolicyCluster&) = delete;
    PolicyCluster& operator=(const PolicyCluster&) = delete;

    // A node starts its module.
    void add_node(const std::string& name, const std::vector<IpAddress>& addresses);
    void add_external(const std::string& name, const std::vector<IpAddress>& addresses);
    // Attached: nothing passes before rules come.
    PolicyPod& add_pod(const std::string& name, const std::string& node,
                       const std::vector<IpAddress>& addresses);
    void remove_pod(const std::string& name);
    [[nodiscard]] std::vector<std::string> pods() const;
    [[nodiscard]] PolicyPod& pod(const std::string& name) { return *pods_.at(name); }
    [[nodiscard]] const Netns& node(const std::string& name) const {
        return nodes_.at(name)->netns;
    }
    [[nodiscard]] const Netns& external(const std::string& name) const {
        return externals_.at(name);
    }

    // Every node's module is told of its own pods.
    void apply(const policy::Update& update, bool is_full);
    // Every module ends and another begins, which adopts the pods. `meanwhile` runs on the node.
    void restart(const std::function<void()>& meanwhile = [] {});
    // Of modules that start from now on.
    void configure(sdk::testing::ConfigTable config) { config_ = std::move(config); }
    [[nodiscard]] sdk::testing::FakeHost& host() noexcept { return fake_; }

    // The module of a node; call it there.
    [[nodiscard]] sdk::testing::ModuleUnderTest& module(const std::string& node) {
        return *nodes_.at(node)->module;
    }
    void on_node(const std::string& name, const std::function<void()>& body) const;

private:
    struct Node {
        std::vector<IpAddress> addresses;
        Netns netns = Netns::create();
        std::unique_ptr<PolicyLinks> links;  // unless they are veths
        std::unique_ptr<sdk::testing::ModuleUnderTest> module;
    };

    void start(Node& node);
    // A veth from `inner`, which gets the addresses and its default routes there, to `outer`, which
    // gets routes to them.
    void connect(const Netns& inner, const std::vector<IpAddress>& addresses, const Netns& outer,
                 const std::string& outer_link, const std::string& inner_link);

    void attach_veth(PolicyPod& pod);
    void attach_inner(PolicyPod& pod);

    Dataplane dataplane_;
    PolicyModule kind_;
    sdk::testing::FakeHost fake_;
    sdk::testing::ConfigTable config_;
    Netns vpc_ = Netns::create();
    std::map<std::string, std::unique_ptr<Node>> nodes_;
    std::map<std::string, Netns> externals_;
    std::map<std::string, std::unique_ptr<PolicyPod>> pods_;
    unsigned made_ = 0;   // veths
    unsigned added_ = 0;  // pods
};

}  // namespace terway::test
