// The keys of [module.veth].
#pragma once

#include <cstdint>
#include <terway/config.hpp>
#include <vector>

#include "base/address.hpp"

namespace terway::veth {

// Where pods' addresses come from, and so how their packets find the VPC.
enum class Mode {
    VpcRoute,     // the node's own range; the VPC routes it to the node
    SecondaryIp,  // an ENI's secondary addresses; policy rules lead to that ENI
};

struct Options {
    Mode mode = Mode::VpcRoute;
    std::uint32_t mtu = 0;  // 0: that of the link with the default route
    bool source_guard = true;
    bool masquerade = true;
    std::vector<Prefix> cluster_cidrs;
    bool symmetric_routing = false;
};

// Complains to `config` about what cannot be; no side effect.
[[nodiscard]] Options read_options(sdk::Config& config);

}  // namespace terway::veth
