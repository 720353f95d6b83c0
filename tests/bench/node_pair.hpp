// Two nodes of the simulated VPC with pods of one CNI plugin, and the ways between them.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "candidate.hpp"
#include "pod_node.hpp"
#include "sim/simulation.hpp"
#include "traffic.hpp"

namespace terway::bench {

// Of the simulation: two nodes for each candidate and four bare ones.
[[nodiscard]] sim::Topology dataplane_topology(const std::vector<Candidate>& all);

// The nodes themselves: a client on the first, a server on the second, and behind a Service too.
class BarePair {
public:
    explicit BarePair(const sim::Fabric& fabric);
    // SameNode: two namespaces joined by one veth pair, which is no part of the VPC.
    [[nodiscard]] const Way& way(Path path) const { return ways_[static_cast<std::size_t>(path)]; }
    // Across nodes like the bare ones, but the nodes translate and so track connections, as every
    // node with kube-proxy does.
    [[nodiscard]] const Way& tracked() const { return tracked_; }

private:
    Netns a_;
    Netns b_;
    Netns service_a_;
    Netns service_b_;
    Netns left_;
    Netns right_;
    std::array<Way, 3> ways_;
    Way tracked_;
};

// Pods on the first node, one on the second, and a Service in front of that one.
class NodePair {
public:
    // `ordinal` is the candidate's in the topology. Throws Error.
    NodePair(const Programs& programs, const std::string& scratch, const sim::Fabric& fabric,
             const Candidate& candidate, std::size_t ordinal);
    NodePair(const NodePair&) = delete;
    NodePair& operator=(const NodePair&) = delete;

    [[nodiscard]] const Candidate& candidate() const { return candidate_; }
    [[nodiscard]] bool has(Path path) const;
    [[nodiscard]] const Way& way(Path path) const { return ways_[static_cast<std::size_t>(path)]; }

private:
    [[nodiscard]] IpAddress add_pod(const PodNode& node, const std::string& name);

    Candidate candidate_;
    std::vector<Sandbox> pods_;
    std::vector<std::unique_ptr<PodNode>> nodes_;
    std::array<Way, 3> ways_;
    std::uint32_t number_;
};

}  // namespace terway::bench
