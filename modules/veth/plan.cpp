#include "plan.hpp"

#include <algorithm>

namespace terway::veth {
namespace {

bool has_eni(const sdk::EndpointView& endpoint) {
    const auto& mac = endpoint.eni_mac();
    return endpoint.eni_ifindex() != 0 ||
           std::any_of(mac.begin(), mac.end(), [](auto byte) { return byte != 0; });
}

}  // namespace

Plan plan(const sdk::EndpointView& endpoint, const NodeFacts& node) {
    Plan made = routed::pair(endpoint, std::string(endpoint.ifname()), node.mtu);
    made.group = kLinkGroup;
    made.guarded = node.guarded;
    made.rule_from = has_eni(endpoint);
    made.rule_to = made.rule_from || node.eni_pods;
    if (made.rule_from) {
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
