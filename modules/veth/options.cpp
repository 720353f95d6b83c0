#include "options.hpp"

#include "terway/error.hpp"

namespace terway::veth {

std::string refusal(Mode mode, bool on_eni) {
    if (mode == Mode::SecondaryIp && !on_eni) {
        return "the endpoint's addresses belong to no ENI; mode \"secondary-ip\" needs addresses "
               "of ENIs ([pool] source = \"eni\"), or mode must be \"vpc-route\" or \"per-pod\"";
    }
    if (mode == Mode::VpcRoute && on_eni) {
        return "the endpoint's addresses belong to an ENI; that needs mode = \"secondary-ip\" or "
               "\"per-pod\" in [module.veth]";
    }
    return {};
}

Options read_options(sdk::Config& config) {
    Options options;
    const auto mode = config.choice("mode", "vpc-route", {"vpc-route", "secondary-ip", "per-pod"});
    const bool secondary_ip = mode == "secondary-ip";
    options.mode = secondary_ip        ? Mode::SecondaryIp
                   : mode == "per-pod" ? Mode::PerPod
                                       : Mode::VpcRoute;
    options.mtu = static_cast<std::uint32_t>(config.integer("mtu", 0, 576, 65535));
    options.source_guard = config.boolean("source_guard", true);
    options.masquerade = config.boolean("masquerade", !secondary_ip);
    if (secondary_ip && options.masquerade) {
        throw Error(Status::Invalid,
                    "masquerade = true does not go with mode = \"secondary-ip\": the VPC drops the "
                    "node's address on another ENI; give the vSwitch a NAT gateway instead");
    }
    const bool vpc_route = options.mode == Mode::VpcRoute;
    options.symmetric_routing = config.boolean("symmetric_routing", !vpc_route);
    if (vpc_route && options.symmetric_routing) {
        throw Error(Status::Invalid,
                    "symmetric_routing = true needs mode = \"secondary-ip\" or \"per-pod\": in "
                    "vpc-route all traffic takes one NIC already");
    }
    for (const auto& item : config.strings("cluster_cidrs")) {
        if (const auto prefix = Prefix::parse(item.text)) {
            options.cluster_cidrs.push_back(*prefix);
        } else {
            config.complain(item.line, item.column,
                            "cluster_cidrs: \"" + item.text + "\" is no prefix");
        }
    }
    return options;
}

}  // namespace terway::veth
