#include "options.hpp"

#include "terway/error.hpp"

namespace terway::veth {

Options read_options(sdk::Config& config) {
    Options options;
    const bool secondary_ip =
        config.choice("mode", "vpc-route", {"vpc-route", "secondary-ip"}) == "secondary-ip";
    options.mode = secondary_ip ? Mode::SecondaryIp : Mode::VpcRoute;
    options.mtu = static_cast<std::uint32_t>(config.integer("mtu", 0, 576, 65535));
    options.source_guard = config.boolean("source_guard", true);
    options.masquerade = config.boolean("masquerade", !secondary_ip);
    if (secondary_ip && options.masquerade) {
        throw Error(Status::Invalid,
                    "masquerade = true does not go with mode = \"secondary-ip\": the VPC drops the "
                    "node's address on another ENI; give the vSwitch a NAT gateway instead");
    }
    options.symmetric_routing = config.boolean("symmetric_routing", secondary_ip);
    if (!secondary_ip && options.symmetric_routing) {
        throw Error(Status::Invalid,
                    "symmetric_routing = true needs mode = \"secondary-ip\": in vpc-route all "
                    "traffic takes one NIC already");
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
