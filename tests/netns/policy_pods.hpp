// Pods of a simulated cluster's node whose policies policy-felix enforces. The test itself is their
// runtime, so that it may repeat an ADD or give it up.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kube_node.hpp"

namespace terway::test {

class PolicyPods {
public:
    PolicyPods();

    [[nodiscard]] KubeNode& cluster() noexcept { return cluster_; }
    [[nodiscard]] Node& node() noexcept { return cluster_.node(); }
    // Further lines of [kube]; before set_policy.
    void set_kube(std::string lines) { kube_ = std::move(lines); }
    // Of [policy], and further tables, for the next daemon.
    void set_policy(const std::string& startup_deadline, const std::string& more = "",
                    const std::string& startup = "deny");

    // A pod that the API server has bound to the node, and a sandbox for it.
    void create(const std::string& pod, const std::map<std::string, std::string>& labels = {});
    // The runtime's calls.
    CniReply add(const std::string& pod, const std::string& ifname = "eth0");
    CniReply check(const std::string& pod);
    CniReply del(const std::string& pod);
    [[nodiscard]] int fd(const std::string& pod) const { return pods_.at(pod).sandbox->fd(); }
    // Of the latest ADD that succeeded.
    [[nodiscard]] const std::vector<IpAddress>& addresses(const std::string& pod) const {
        return pods_.at(pod).addresses;
    }

    // Whether datagrams arrive, by each family; both at once.
    [[nodiscard]] bool reaches(const std::string& from, const std::string& to, std::uint16_t port);
    // That none does, by any family.
    [[nodiscard]] bool is_kept_from(const std::string& from, const std::string& to,
                                    std::uint16_t port);
    // Links that have chains in the policy module's table.
    [[nodiscard]] std::vector<std::string> links_with_rules();
    // The rules the policy module has, told by the metric; 0 before it has any.
    [[nodiscard]] double revision();

private:
    [[nodiscard]] CniCall call(const char* verb, const std::string& pod,
                               const std::string& ifname = "eth0") const;

    struct Pod {
        std::string uid;
        boost::json::value result;
        std::unique_ptr<Sandbox> sandbox;
        std::vector<IpAddress> addresses;
    };

    KubeNode cluster_;
    std::string kube_;
    std::map<std::string, Pod> pods_;
};

}  // namespace terway::test
