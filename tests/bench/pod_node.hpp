// A node of the simulated VPC where one candidate serves pods.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "candidate.hpp"
#include "contender.hpp"
#include "daemon.hpp"
#include "sim/fabric.hpp"

namespace terway::bench {

inline constexpr std::array kSides = {"a", "b"};

// Of the topology's nodes. Ordinals are the candidates'.
[[nodiscard]] std::string node_name(const std::string& candidate, std::size_t side);
[[nodiscard]] std::string node_address(std::size_t ordinal, std::size_t side);
[[nodiscard]] std::string pod_cidr(std::size_t ordinal, std::size_t side);

// The first one of a CNI result.
[[nodiscard]] IpAddress address_of(const std::string& result);

class PodNode {
public:
    // Throws Error.
    PodNode(const Programs& programs, const std::string& scratch, const sim::Fabric& fabric,
            const Candidate& candidate, std::size_t ordinal, std::size_t side);

    [[nodiscard]] const Contender& contender() const { return contender_; }
    // What the contender gets on standard input.
    [[nodiscard]] const std::string& config() const { return config_; }
    void configure(const std::string& config) { contender_.configure(config); }

private:
    Contender contender_;
    std::unique_ptr<Daemon> daemon_;
    std::string config_;
};

}  // namespace terway::bench
