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

bool EniPlan::has_v6() const {
    return std::any_of(subnets.begin(), subnets.end(),
                       [](const Prefix& subnet) { return !subnet.is_v4(); });
}

EniPlan plan_eni(const sdk::EniView& eni, const NodeFacts& node) {
    EniPlan plan;
    plan.id = eni.id();
    plan.ifindex = eni.ifindex();
    std::copy(eni.mac().begin(), eni.mac().end(), plan.mac.bytes.begin());
    plan.table = kFirstEniTable + plan.ifindex;
    plan.mtu = node.mtu;
    for (const auto& raw : eni.gateways()) {
        add_routes(plan, Prefix::from_abi(raw).address());
    }
    for (const auto& raw : eni.subnets()) {
        const auto subnet = Prefix::from_abi(raw).network();
        const bool has_gateway =
            std::any_of(plan.routes.begin(), plan.routes.end(), [&](const netlink::Route& route) {
                return route.gateway && route.gateway->family() == subnet.family();
            });
        if (!has_gateway) {
            throw Error(Status::Invalid,
                        "ENI " + plan.id + " has no gateway in subnet " + subnet.text());
        }
        plan.subnets.push_back(subnet);
    }
    for (const auto& address : node.addresses) {
        const bool wanted =
            std::any_of(plan.subnets.begin(), plan.subnets.end(),
                        [&](const Prefix& subnet) { return subnet.family() == address.family(); });
        if (wanted) {
            plan.addresses.push_back(Prefix::host(address));
        }
    }
    return plan;
}

}  // namespace terway::veth
