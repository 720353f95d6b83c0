#include "eni_plan.hpp"

#include <algorithm>

#include "terway/error.hpp"

namespace terway::veth {
namespace {

// Within the ENI's own table, so that two ENIs of one vSwitch do not quarrel about the gateway.
void add_routes(EniPlan& plan, const IpAddress& gateway) {
    if (!gateway.is_v4()) {
        plan.routes.push_back(
            {.destination = Prefix::host(gateway), .oif = plan.ifindex, .table = plan.table});
    }
    plan.routes.push_back({.destination = routed::everything(gateway.family()),
                           .gateway = gateway,
                           .oif = plan.ifindex,
                           .table = plan.table,
                           .onlink = gateway.is_v4()});
}

}  // namespace

EniPlan plan_eni(const sdk::EniView& eni, const NodeFacts& node) {
    EniPlan plan{netlink::pod_nic(eni, node.addresses, node.mtu), {}, {}};
    plan.table = kFirstEniTable + plan.ifindex;
    for (const auto& raw : eni.gateways()) {
        add_routes(plan, Prefix::from_abi(raw).address());
    }
    for (const auto& subnet : plan.subnets) {
        const bool has_gateway =
            std::any_of(plan.routes.begin(), plan.routes.end(), [&](const netlink::Route& route) {
                return route.gateway && route.gateway->family() == subnet.family();
            });
        if (!has_gateway) {
            throw Error(Status::Invalid,
                        "ENI " + plan.id + " has no gateway in subnet " + subnet.text());
        }
    }
    return plan;
}

}  // namespace terway::veth
