// A cluster in a case: takes actions as an API server does and tells the resolver. Every pod is one
// of this node's, so that both ends of every connection have rules. Pure.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/cases/case_file.hpp"
#include "policy/index.hpp"
#include "policy/picture.hpp"

namespace terway::policy {

// An end of a connection.
struct Party {
    enum class Kind : std::uint8_t { Pod, Node, External };

    Kind kind = Kind::Pod;
    std::string key;         // as in a table: "ns/pod", "node:n1", "ext:e1"
    std::string node;        // where it runs, or that it is
    bool uses_host = false;  // it is a node, or a pod in a node's network
    ObjectName pod;
    std::vector<IpAddress> addresses;  // none of a pod that is over
    std::vector<kube::NamedPort> ports;

    // The one of that family; null if there is none.
    [[nodiscard]] const IpAddress* address(Family family) const;
};

// What becomes of new connections, as the character of a table.
class World {
public:
    explicit World(const CaseCluster& cluster);

    // Throws Error(Invalid) for what an API server refuses.
    void apply(const CaseAction& action);

    // What the last action, or the beginning, changed for data planes; after the restart of an
    // agent it is all that holds.
    [[nodiscard]] const Update& told() const noexcept { return told_; }

    // In the order of a table.
    [[nodiscard]] std::vector<Party> parties() const;
    // nullopt if there is no such party.
    [[nodiscard]] std::optional<Party> party(std::string_view key) const;
    [[nodiscard]] char verdict(const Party& from, const Party& to, const Probe& probe) const;

    // By "ns/pod:port"; of a Service of the cluster.
    [[nodiscard]] Backends through(const ServiceProbe& probe) const;
    // For a connection that a Service led to that backend. Throws Error(Invalid) if there is no
    // such pod.
    [[nodiscard]] char verdict(const ServiceProbe& probe, const std::string& backend) const;

    [[nodiscard]] const Picture& picture() const noexcept { return picture_; }
    // The same cluster told to a new resolver at once.
    [[nodiscard]] Picture picture_anew() const;

private:
    struct Act;

    void tell_pod(const kube::Pod& pod, Index& index) const;
    void tell_all(Index& index) const;
    void settle();
    [[nodiscard]] Party party_of(const kube::Pod& pod) const;
    [[nodiscard]] kube::Pod& pod(const ObjectName& name);

    const CaseCluster& cluster_;
    std::map<std::string, kube::Pairs> spaces_;
    std::map<std::string, kube::Pod> pods_;  // by "ns/name"
    std::map<ObjectName, kube::NetworkPolicy> policies_;
    std::map<std::string, kube::ClusterNetworkPolicy> cluster_policies_;
    std::unique_ptr<Index> index_;
    Picture picture_;
    Update told_;
};

}  // namespace terway::policy
