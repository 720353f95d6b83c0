// Files of cases: clusters, what happens to them, and which connections must work then
// (tests/data/netpol/README.md). Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kube/cluster_network_policy.hpp"
#include "kube/network_policy.hpp"
#include "policy/update.hpp"

namespace terway::policy {

struct CaseNamespace {
    std::string name;
    kube::Pairs labels;
};

// A node, or a host outside the cluster.
struct CaseHost {
    std::string name;
    std::vector<IpAddress> addresses;
};

struct CaseService {
    struct Port {
        Protocol protocol = Protocol::Tcp;
        std::uint16_t number = 0;
        std::variant<std::uint16_t, std::string> target;  // a number, or a name of a port
    };
    ObjectName name;
    kube::Pairs selector;
    std::vector<Port> ports;
};

struct CaseCluster {
    std::vector<CaseNamespace> namespaces;
    std::vector<CaseHost> nodes;
    std::vector<kube::Pod> pods;
    std::vector<CaseHost> externals;
    std::vector<CaseService> services;
};

struct CreatePolicy {
    kube::NetworkPolicy policy;
};
struct UpdatePolicy {
    kube::NetworkPolicy policy;
};
struct DeletePolicy {
    ObjectName name;
};
struct CreateClusterPolicy {
    kube::ClusterNetworkPolicy policy;
};
struct UpdateClusterPolicy {
    kube::ClusterNetworkPolicy policy;
};
struct DeleteClusterPolicy {
    std::string name;
};
struct CreateNamespace {
    CaseNamespace space;
};
struct SetNamespaceLabels {
    CaseNamespace space;
};
struct DeleteNamespace {
    std::string name;
};
struct CreatePod {
    kube::Pod pod;
};
struct DeletePod {
    ObjectName name;
};
struct SetPodLabels {
    ObjectName name;
    kube::Pairs labels;
};
struct SetPodPhase {
    ObjectName name;
    kube::Phase phase = kube::Phase::Running;
};
struct SetPodTerminating {
    ObjectName name;
};
struct RestartAgent {};
struct Noop {};

struct CaseAction {
    using What = std::variant<Noop, RestartAgent, CreatePolicy, UpdatePolicy, DeletePolicy,
                              CreateClusterPolicy, UpdateClusterPolicy, DeleteClusterPolicy,
                              CreateNamespace, SetNamespaceLabels, DeleteNamespace, CreatePod,
                              DeletePod, SetPodLabels, SetPodPhase, SetPodTerminating>;
    What what;
    std::string place;  // for complaints
};

// "TCP/80", "TCP/80/v6".
struct Probe {
    std::string text;
    Protocol protocol = Protocol::Tcp;
    std::uint16_t port = 0;
    std::optional<Family> family;
};

struct ServiceProbe {
    std::string from;  // as in a table
    ObjectName service;
    Protocol protocol = Protocol::Tcp;
    std::uint16_t port = 0;
};

// In the order of the file: what the source is called, and a character for each destination. The
// destinations are called as the sources are, in the same order.
using Table = std::vector<std::pair<std::string, std::string>>;
// By probe, in the order of the file.
using Tables = std::vector<std::pair<std::string, Table>>;
// What becomes of a connection to a Service for each backend, "ns/pod:port".
using Backends = std::map<std::string, char>;

inline constexpr char kWorks = '.';
inline constexpr char kFails = 'X';
inline constexpr char kOpen = '?';    // the API leaves it to the implementation
inline constexpr char kNobody = '-';  // there is no such connection

struct CaseStep {
    std::vector<CaseAction> actions;
    Tables expected;                          // none: nothing is expected
    std::vector<Backends> expected_services;  // for each service probe, or none
    std::string place;
};

struct Case {
    std::string id;
    std::string title;
    const CaseCluster* cluster = nullptr;  // of the file
    std::vector<Probe> probes;
    std::vector<ServiceProbe> service_probes;
    std::vector<CaseStep> steps;
};

struct CaseFile {
    std::map<std::string, CaseCluster> clusters;
    std::vector<Case> cases;

    CaseFile() = default;
    CaseFile(CaseFile&&) = default;
    CaseFile& operator=(CaseFile&&) = default;
    CaseFile(const CaseFile&) = delete;
    CaseFile& operator=(const CaseFile&) = delete;
};

// `file` is its name in complaints. Throws Error(Invalid) with file, line and column for what is
// not of the format and for objects that an API server would refuse.
[[nodiscard]] CaseFile read_case_file(std::string text, const std::string& file);

// "TCP/80/v6"; nullopt if it is none.
[[nodiscard]] std::optional<Probe> parse_probe(std::string_view text);

}  // namespace terway::policy
