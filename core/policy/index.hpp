// The resolver: takes Kubernetes objects as they come and says what they mean for the pods of one
// node, in addresses and ports. Pure; one thread at a time.
//
// Everything is told as it is now (set_x) or no longer (remove_x), in any order and as often as one
// likes. The work for one change depends on what the change touches, not on the cluster: policies
// are compiled only where they select a local pod, and a pod's change moves its addresses in the
// sets that it enters or leaves.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/address_book.hpp"
#include "policy/cluster.hpp"
#include "policy/compiler.hpp"
#include "policy/groups.hpp"
#include "policy/port_names.hpp"
#include "policy/sets.hpp"
#include "policy/update.hpp"

namespace terway::policy {

// A pod of this node.
struct Endpoint {
    ObjectName pod;
    std::string uid;                   // empty: any pod of that name
    std::vector<IpAddress> addresses;  // empty: those that its object says
};

using ClusterPolicyMap = std::map<std::string, kube::ClusterNetworkPolicy, std::less<>>;

class Index {
public:
    Index() = default;
    Index(const Index&) = delete;
    Index& operator=(const Index&) = delete;

    void set_namespace(const kube::Namespace& space);
    void remove_namespace(std::string_view name);
    void set_pod(const kube::Pod& pod);
    // An object of another uid stays; an empty uid means any.
    void remove_pod(const ObjectName& name, std::string_view uid = {});
    void set_policy(const kube::NetworkPolicy& policy);
    void remove_policy(const ObjectName& name);
    void set_cluster_policy(const kube::ClusterNetworkPolicy& policy);
    void remove_cluster_policy(std::string_view name);
    // Its rules are told as soon as the pod's object is known (and its namespace's, if there are
    // cluster policies), and stay as they are when the object goes first.
    void set_endpoint(Endpoint endpoint);
    void remove_endpoint(const ObjectName& pod);

    // What is different from what was told; empty if nothing is.
    [[nodiscard]] Update take();
    // All that was told and still holds, for a receiver that begins anew.
    [[nodiscard]] Update everything() const;
    // What was told of that pod and still holds; null if there is nothing.
    [[nodiscard]] const EndpointRules* told(const ObjectName& pod) const;

    // The policies that select a pod, in order.
    [[nodiscard]] Selecting policies_of(const ObjectName& pod) const;
    // What is known, for those who explain.
    [[nodiscard]] const Spaces& cluster() const noexcept { return spaces_; }
    [[nodiscard]] const ClusterPolicyMap& cluster_policies() const noexcept {
        return cluster_policies_;
    }
    // Whose it is; nothing if nobody's.
    [[nodiscard]] std::optional<ObjectName> pod_at(const IpAddress& address) const;
    // For cluster policies, whose namespace a pod is in must be known.
    [[nodiscard]] bool is_ready(const PodState& pod) const;
    // Whether take() would give nothing.
    [[nodiscard]] bool is_told() const noexcept { return dirty_.empty() && sets_.is_told(); }
    struct Sizes {
        std::size_t groups = 0;
        std::size_t sets = 0;
        std::size_t rule_sets = 0;
    };
    [[nodiscard]] Sizes sizes() const;

private:
    struct EndpointState {
        Endpoint said;
        std::shared_ptr<const RuleSetNode> ingress;
        std::shared_ptr<const RuleSetNode> egress;
    };

    [[nodiscard]] Space& space(std::string_view name);
    void drop_if_idle(std::string_view name);
    void relabel(Space& space, bool is_known, const kube::Pairs& labels);
    [[nodiscard]] const PodState* pod(const ObjectName& name) const;
    [[nodiscard]] PodState* pod(const ObjectName& name);
    [[nodiscard]] Selecting policies_of(const PodState& pod) const;
    [[nodiscard]] std::vector<IpAddress> addresses_of(const PodState& pod) const;
    [[nodiscard]] const Endpoint* endpoint_of(const PodState& pod) const;
    // Takes the pod out of everything, lets `change` happen, and puts it in again.
    void change(PodState& pod, const std::function<void()>& change);
    void mark_selected(const Space& space, const kube::LabelSelector& selector);
    void mark_selected(const kube::ClusterNetworkPolicy& policy);
    void mark_all(const Space& space);
    void watch_port_names();
    void visit_pods(const std::function<void(const PodState&)>& visit) const;

    void resolve(EndpointState& endpoint, Compiler& compiler, Update& update);
    void resolve_dirty(Update& update);
    void sweep(Update& update);

    Spaces spaces_;
    AddressBook book_;
    GroupTable groups_{spaces_};
    SetTable sets_{groups_};
    PortNames port_names_;
    ClusterPolicyMap cluster_policies_;
    std::map<ObjectName, EndpointState> endpoints_;
    std::map<ObjectName, EndpointRules> told_;
    std::set<ObjectName> dirty_;
    std::uint64_t revision_ = 0;
};

}  // namespace terway::policy
