#include "eni_plan.hpp"

#include <linux/if_ether.h>

#include <algorithm>

namespace terway::ipvlan {
namespace {

void steer(EniPlan& plan, const std::vector<Prefix>& destinations) {
    for (const auto& each : destinations) {
        const auto to = each.network();
        const bool known =
            std::find(plan.steered.begin(), plan.steered.end(), to) != plan.steered.end();
        if (!known && plan.has(to.family())) {
            plan.steered.push_back(to);
        }
    }
}

}  // namespace

EniPlan plan_eni(const sdk::EniView& eni, const NodeFacts& node, const Options& options) {
    EniPlan plan{netlink::pod_nic(eni, node.addresses, node.mtu), {}, {}, {}};
    plan.slave = host_slave_name(plan.ifindex);
    for (const auto& raw : eni.others()) {
        const auto address = Prefix::from_abi(raw).address();
        if (plan.has(address.family())) {
            plan.others.push_back(address);
        }
    }
    steer(plan, plan.addresses);
    steer(plan, options.service_cidrs);
    steer(plan, options.host_stack_cidrs);
    return plan;
}

bool is_steering(const netlink::Filter& filter) {
    return filter.hook == netlink::Hook::Egress &&
           (filter.priority == kSteerV4 || filter.priority == kSteerV6);
}

std::vector<netlink::Filter> steering(const EniPlan& plan, std::uint32_t slave_ifindex) {
    using Kind = netlink::Action::Kind;
    std::vector<netlink::Filter> all;
    for (const auto& destination : plan.steered) {
        netlink::Filter filter;
        filter.hook = netlink::Hook::Egress;
        filter.priority = destination.is_v4() ? kSteerV4 : kSteerV6;
        filter.protocol = destination.is_v4() ? ETH_P_IP : ETH_P_IPV6;
        filter.destination = destination;
        // Before Linux 5.16 the packet would keep the route the pod has found for it.
        filter.actions = {
            {Kind::ForgetRoute}, {Kind::ToHost}, {Kind::RedirectIngress, slave_ifindex}};
        all.push_back(std::move(filter));
    }
    return all;
}

FilterChange change(const std::vector<netlink::Filter>& found,
                    const std::vector<netlink::Filter>& wanted) {
    FilterChange needed;
    std::vector<bool> there(wanted.size(), false);
    for (const auto& filter : found) {
        if (!is_steering(filter)) {
            continue;
        }
        const auto match = std::find_if(wanted.begin(), wanted.end(),
                                        [&](const auto& each) { return each.same_as(filter); });
        const auto index = static_cast<std::size_t>(match - wanted.begin());
        if (match == wanted.end() || there[index]) {
            needed.remove.push_back(filter);
        } else {
            there[index] = true;
        }
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (!there[i]) {
            needed.add.push_back(wanted[i]);
        }
    }
    return needed;
}

}  // namespace terway::ipvlan
