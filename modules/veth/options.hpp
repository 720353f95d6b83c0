// The keys of [module.veth].
#pragma once

#include <cstdint>
#include <string>
#include <terway/config.hpp>
#include <vector>

#include "base/address.hpp"

namespace terway::veth {

// Where new pods' addresses come from, and so how their packets find the VPC. Those that are there
// stay as they are, whatever the mode.
enum class Mode {
    VpcRoute,     // the node's own range; the VPC routes it to the node
    SecondaryIp,  // an ENI's secondary addresses; policy rules lead to that ENI
    PerPod,       // either
};

struct Options {
    Mode mode = Mode::VpcRoute;
    std::uint32_t mtu = 0;  // 0: that of the link with the default route
    bool source_guard = true;
    bool masquerade = true;
    std::vector<Prefix> cluster_cidrs;
    bool symmetric_routing = false;
};

// Why a new pod cannot be in this mode; empty if it can. `on_eni`: its addresses are an ENI's.
[[nodiscard]] std::string refusal(Mode mode, bool on_eni);

// Complains to `config` about what cannot be; no side effect.
[[nodiscard]] Options read_options(sdk::Config& config);

}  // namespace terway::veth
