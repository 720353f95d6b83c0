#include "plan.hpp"

namespace terway::veth {

Plan plan(const sdk::EndpointView& endpoint, const NodeFacts& node) {
    Plan made = routed::pair(endpoint, std::string(endpoint.ifname()), node.mtu);
    made.group = kLinkGroup;
    made.by_rules = node.secondary_ip;
    if (node.secondary_ip) {
        made.sources = node.addresses;
        made.eni_table = endpoint.eni_ifindex() == 0 ? 0 : kFirstEniTable + endpoint.eni_ifindex();
    }
    return made;
}

std::vector<netlink::Route> pod_routes(const Plan& plan, std::uint32_t pod_ifindex) {
    std::vector<netlink::Route> all;
    for (const auto& via : plan.gateways) {
        all.push_back({.destination = routed::everything(via.family()),
                       .gateway = via,
                       .oif = pod_ifindex,
                       .onlink = true});
    }
    return all;
}

}  // namespace terway::veth
