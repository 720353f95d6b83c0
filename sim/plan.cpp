#include "sim/plan.hpp"

#include <algorithm>

namespace terway::sim {
namespace {

IpAddress address(const char* text) {
    return *IpAddress::parse(text);
}

std::string port_name(const Mac& mac) {
    std::string name = "eni-";
    for (const char digit : mac.text().substr(9)) {
        if (digit != ':') {
            name += digit;
        }
    }
    return name;
}

NicConfig nic_config(const Eni& eni, const VSwitch& vswitch) {
    NicConfig config{{eni.primary, vswitch.cidr.length()}, *vswitch.gateway(Family::V4), {}, {}};
    if (!eni.ipv6.empty()) {
        config.address6 = Prefix(eni.ipv6.front(), vswitch.cidr6->length());
        config.gateway6 = vswitch.gateway(Family::V6);
    }
    return config;
}

Port port_of(const Eni& eni, const VSwitch& vswitch, const Instance& instance) {
    Port port{port_name(eni.mac),
              eni.id,
              eni.mac,
              instance.name,
              "eth" + std::to_string(eni.attachment->device),
              instance.mtu,
              {}};
    if (eni.attachment->primary()) {
        port.config = nic_config(eni, vswitch);
    }
    return port;
}

Neighbourhood neighbourhood_of(const Eni& eni, const VSwitch& vswitch) {
    Neighbourhood around;
    around.mac = eni.mac;
    around.on_link.push_back(vswitch.cidr);
    around.gateways.insert(*vswitch.gateway(Family::V4));
    const auto own = eni.addresses();
    around.own.insert(own.begin(), own.end());
    around.own_prefixes = eni.prefixes;
    if (vswitch.cidr6) {
        around.on_link.push_back(*vswitch.cidr6);
        around.gateways.insert(router_link_local());
        around.gateways.insert(*vswitch.gateway(Family::V6));
        // The metadata service names ...fff7 in its documentation, the third last address is in
        // use as well; both resolve.
        around.gateways.insert(vswitch.cidr6->last().plus(~std::uint64_t{8} + 1));
    }
    return around;
}

// Where everything goes that no ENI owns and no custom route names.
void add_system_routes(const Model& model, Plan& plan) {
    const std::string outside = model.vpc().internet ? kUplink : "";
    plan.deliveries.emplace(*Prefix::parse("0.0.0.0/0"), outside);
    plan.deliveries.emplace(*Prefix::parse("::/0"), outside);
    plan.deliveries.insert_or_assign(model.vpc().cidr, "");
    if (model.vpc().cidr6) {
        plan.deliveries.insert_or_assign(*model.vpc().cidr6, "");
    }
    plan.deliveries.insert_or_assign(*Prefix::parse("100.64.0.0/10"),
                                     model.vpc().services ? kServices : "");
    for (const auto& [id, vswitch] : model.vswitches()) {
        for (const auto family : {Family::V4, Family::V6}) {
            if (const Prefix* prefix = vswitch.prefix(family)) {
                plan.deliveries.insert_or_assign(*prefix, "");
                plan.inside.insert(*prefix);
            }
        }
    }
}

void add_custom_routes(const Model& model, Plan& plan) {
    for (const auto& [destination, route] : model.routes()) {
        const Eni* hop = model.next_hop(route);
        const bool delivers =
            hop != nullptr && (model.vpc().routes_imply_forwarding || !hop->source_dest_check);
        plan.deliveries.insert_or_assign(destination, delivers ? port_name(hop->mac) : "");
    }
}

}  // namespace

IpAddress router_link_local() {
    return address("fe80::1");
}

Plan plan_of(const Model& model) {
    Plan plan;
    plan.internet = model.vpc().internet;
    plan.services = model.vpc().services;
    plan.answer_unallocated = model.vpc().answer_unallocated;
    for (const auto& [id, instance] : model.instances()) {
        plan.nodes.insert(instance.name);
    }
    add_system_routes(model, plan);
    for (const auto& [id, eni] : model.enis()) {
        if (!eni.attachment) {
            continue;
        }
        const VSwitch& vswitch = model.vswitch(eni.vswitch);
        Port port = port_of(eni, vswitch, model.instance(eni.attachment->instance));
        for (const auto& owned : eni.addresses()) {
            plan.deliveries.insert_or_assign(Prefix::host(owned), port.name);
        }
        for (const auto& prefix : eni.prefixes) {
            plan.deliveries.insert_or_assign(prefix, port.name);
        }
        if (!eni.source_dest_check) {
            plan.unchecked.insert(port.name);
        }
        plan.neighbourhoods.emplace(port.name, neighbourhood_of(eni, vswitch));
        plan.ports.emplace(port.name, std::move(port));
    }
    add_custom_routes(model, plan);
    return plan;
}

bool answers(const Plan& plan, const std::string& port, const IpAddress& target) {
    const auto found = plan.neighbourhoods.find(port);
    if (found == plan.neighbourhoods.end()) {
        return false;
    }
    const Neighbourhood& around = found->second;
    if (around.gateways.contains(target)) {
        return true;
    }
    const bool on_link = std::any_of(around.on_link.begin(), around.on_link.end(),
                                     [&](const Prefix& p) { return p.contains(target); });
    const bool own = around.own.contains(target) ||
                     std::any_of(around.own_prefixes.begin(), around.own_prefixes.end(),
                                 [&](const Prefix& p) { return p.contains(target); });
    if (!on_link || own) {
        return false;
    }
    const Prefix delegated = Prefix(target, delegated_length(target.family())).network();
    return plan.answer_unallocated || plan.deliveries.contains(Prefix::host(target)) ||
           plan.deliveries.contains(delegated);
}

bool is_gateway(const Plan& plan, const std::string& port, const IpAddress& target) {
    const auto found = plan.neighbourhoods.find(port);
    return found != plan.neighbourhoods.end() && found->second.gateways.contains(target);
}

}  // namespace terway::sim
