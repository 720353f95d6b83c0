// What the dataplane benchmark compares with a bare NIC, and on which paths.
#pragma once

#include <array>
#include <string>
#include <vector>

namespace terway::bench {

// Of what the ways to a Service lead to.
inline constexpr const char* kServiceCidr = "172.21.0.0/16";

enum class Path { SameNode, AcrossNodes, Service };
inline constexpr std::array kPaths = {Path::SameNode, Path::AcrossNodes, Path::Service};
[[nodiscard]] const char* name_of(Path path);

// A candidate of the dataplane benchmark.
struct Candidate {
    std::string name;  // as rows have it
    bool ours = true;
    std::string profile{};        // of ours, without [daemon]; "CIDR" stands for its own pods
    std::string config{};         // else: the plugin's, with "CIDR" and "DATA"
    bool pod_cidrs = false;       // the VPC routes a range of its own to each node
    bool leaves_node = false;     // pods of one node meet in the VPC
    bool only_same_node = false;  // the VPC does not carry it
    double goal = 0;              // of ours: the ratio to a bare NIC
};
// Everything the kernel has; those in `only` if that is not empty. Throws Error for an unknown
// name.
[[nodiscard]] std::vector<Candidate> candidates(const std::vector<std::string>& only);

}  // namespace terway::bench
