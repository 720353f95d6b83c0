#include "sim/kube/kind.hpp"

#include <algorithm>

#include "terway/error.hpp"

namespace terway::sim::kube {
namespace {

constexpr bool kNamespaced = true;
constexpr bool kCluster = false;
constexpr bool kStatus = true;
constexpr bool kPlain = false;
constexpr const char* kRbac = "rbac.authorization.k8s.io";

std::vector<Kind> make_kinds() {
    return {
        {"", {"v1"}, "pods", "pod", "Pod", kNamespaced, kStatus, {"po"}},
        {"", {"v1"}, "nodes", "node", "Node", kCluster, kStatus, {"no"}},
        {"", {"v1"}, "namespaces", "namespace", "Namespace", kCluster, kStatus, {"ns"}},
        {"", {"v1"}, "services", "service", "Service", kNamespaced, kStatus, {"svc"}},
        {"", {"v1"}, "endpoints", "endpoints", "Endpoints", kNamespaced, kPlain, {"ep"}},
        {"", {"v1"}, "events", "event", "Event", kNamespaced, kPlain, {"ev"}},
        {"", {"v1"}, "configmaps", "configmap", "ConfigMap", kNamespaced, kPlain, {"cm"}},
        {"", {"v1"}, "secrets", "secret", "Secret", kNamespaced, kPlain, {}},
        {"",
         {"v1"},
         "serviceaccounts",
         "serviceaccount",
         "ServiceAccount",
         kNamespaced,
         kPlain,
         {"sa"}},
        {"apps", {"v1"}, "daemonsets", "daemonset", "DaemonSet", kNamespaced, kStatus, {"ds"}},
        {"apps", {"v1"}, "deployments", "deployment", "Deployment", kNamespaced, kStatus, {}},
        {"apps", {"v1"}, "replicasets", "replicaset", "ReplicaSet", kNamespaced, kStatus, {"rs"}},
        {"apps",
         {"v1"},
         "statefulsets",
         "statefulset",
         "StatefulSet",
         kNamespaced,
         kStatus,
         {"sts"}},
        {"discovery.k8s.io",
         {"v1", "v1beta1"},
         "endpointslices",
         "endpointslice",
         "EndpointSlice",
         kNamespaced,
         kPlain,
         {}},
        {"networking.k8s.io",
         {"v1"},
         "networkpolicies",
         "networkpolicy",
         "NetworkPolicy",
         kNamespaced,
         kPlain,
         {"netpol"}},
        {"policy.networking.k8s.io",
         {"v1alpha2"},
         "clusternetworkpolicies",
         "clusternetworkpolicy",
         "ClusterNetworkPolicy",
         kCluster,
         kPlain,
         {"cnp"}},
        {"events.k8s.io",
         {"v1", "v1beta1"},
         "events",
         "event",
         "Event",
         kNamespaced,
         kPlain,
         {"ev"},
         "events"},
        {kRbac, {"v1"}, "roles", "role", "Role", kNamespaced, kPlain, {}},
        {kRbac, {"v1"}, "rolebindings", "rolebinding", "RoleBinding", kNamespaced, kPlain, {}},
        {kRbac, {"v1"}, "clusterroles", "clusterrole", "ClusterRole", kCluster, kPlain, {}},
        {kRbac,
         {"v1"},
         "clusterrolebindings",
         "clusterrolebinding",
         "ClusterRoleBinding",
         kCluster,
         kPlain,
         {}},
        {"scheduling.k8s.io",
         {"v1"},
         "priorityclasses",
         "priorityclass",
         "PriorityClass",
         kCluster,
         kPlain,
         {"pc"}},
        {"coordination.k8s.io", {"v1"}, "leases", "lease", "Lease", kNamespaced, kPlain, {}},
        {"apiextensions.k8s.io",
         {"v1"},
         "customresourcedefinitions",
         "customresourcedefinition",
         "CustomResourceDefinition",
         kCluster,
         kStatus,
         {"crd", "crds"}},
    };
}

}  // namespace

const std::vector<Kind>& all_kinds() {
    static const std::vector<Kind> kinds = make_kinds();
    return kinds;
}

const Kind* find_kind(const std::string& group, const std::string& version,
                      const std::string& plural) {
    const auto& kinds = all_kinds();
    const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) {
        return kind.group == group && kind.plural == plural &&
               std::find(kind.versions.begin(), kind.versions.end(), version) !=
                   kind.versions.end();
    });
    return found == kinds.end() ? nullptr : &*found;
}

const Kind& kind_named(const std::string& qualified) {
    for (const auto& kind : all_kinds()) {
        if (kind.qualified() == qualified) {
            return kind;
        }
    }
    throw Error(Status::Invalid, "kind " + qualified + ": does not exist");
}

std::string group_version(const std::string& group, const std::string& version) {
    return group.empty() ? version : group + "/" + version;
}

}  // namespace terway::sim::kube
