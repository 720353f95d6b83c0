#include "sim/describe.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace terway::sim {
namespace {

namespace json = boost::json;

std::string joined(const std::vector<IpAddress>& addresses) {
    std::string text;
    for (const auto& address : addresses) {
        text += (text.empty() ? "" : " ") + address.text();
    }
    return text;
}

std::string both(const Prefix& v4, const std::optional<Prefix>& v6) {
    return v6 ? v4.text() + " " + v6->text() : v4.text();
}

// "eth1 of node-a", "not attached".
std::string place(const Eni& eni, const Model& model) {
    if (!eni.attachment) {
        return "not attached";
    }
    return fmt::format("eth{} of {}", eni.attachment->device,
                       model.instance(eni.attachment->instance).name);
}

std::string next_hop(const VpcRoute& route, const Model& model) {
    return route.next_hop.kind == NextHop::Kind::Instance ? model.instance(route.next_hop.id).name
                                                          : route.next_hop.id;
}

json::array texts(const std::vector<IpAddress>& addresses) {
    json::array all;
    for (const auto& address : addresses) {
        all.emplace_back(address.text());
    }
    return all;
}

json::array prefix_texts(const std::vector<Prefix>& prefixes) {
    json::array all;
    for (const auto& prefix : prefixes) {
        all.emplace_back(prefix.text());
    }
    return all;
}

json::value optional_text(const std::optional<Prefix>& prefix) {
    return prefix ? json::value(prefix->text()) : json::value(nullptr);
}

json::object eni_json(const Eni& eni, const Model& model) {
    json::object object{{"id", eni.id},
                        {"mac", eni.mac.text()},
                        {"vswitch", eni.vswitch},
                        {"primary", eni.primary.text()},
                        {"secondary", texts(eni.secondary)},
                        {"ipv6", texts(eni.ipv6)},
                        {"prefixes", prefix_texts(eni.prefixes)},
                        {"source_dest_check", eni.source_dest_check},
                        {"node", nullptr},
                        {"link", nullptr}};
    if (eni.attachment) {
        object["node"] = model.instance(eni.attachment->instance).name;
        object["link"] = "eth" + std::to_string(eni.attachment->device);
    }
    return object;
}

}  // namespace

std::string describe(const Model& model, const std::string& simulation) {
    std::string text = fmt::format("simulation {}: VPC {}\n", simulation,
                                   both(model.vpc().cidr, model.vpc().cidr6));
    for (const auto& [id, vswitch] : model.vswitches()) {
        text += fmt::format("  vSwitch {}: {}, gateway {}\n", id, both(vswitch.cidr, vswitch.cidr6),
                            vswitch.gateway(Family::V4)->text());
    }
    for (const auto& [id, instance] : model.instances()) {
        text += fmt::format("  node {} ({}), enter it with: ip netns exec {}-{} bash\n",
                            instance.name, id, simulation, instance.name);
    }
    for (const auto& [id, eni] : model.enis()) {
        text += fmt::format("  ENI {} {}, {}: {}{}\n", id, eni.mac.text(), place(eni, model),
                            joined(eni.addresses()),
                            eni.source_dest_check ? "" : ", any source may leave");
    }
    for (const auto& [destination, route] : model.routes()) {
        text += fmt::format("  route {} to {}\n", destination.text(), next_hop(route, model));
    }
    if (model.vpc().internet) {
        text += fmt::format(
            "  internet: 203.0.113.10 2001:db8:ffff::10, enter it with: "
            "ip netns exec {}-internet bash\n",
            simulation);
    }
    return text;
}

std::string describe_json(const Model& model, const std::string& simulation) {
    json::array vswitches;
    for (const auto& [id, vswitch] : model.vswitches()) {
        vswitches.push_back(json::object{{"id", id},
                                         {"cidr", vswitch.cidr.text()},
                                         {"cidr6", optional_text(vswitch.cidr6)},
                                         {"gateway", vswitch.gateway(Family::V4)->text()}});
    }
    json::array nodes;
    for (const auto& [id, instance] : model.instances()) {
        nodes.push_back(json::object{{"id", id},
                                     {"name", instance.name},
                                     {"mtu", instance.mtu},
                                     {"netns", netns_path(simulation, instance.name)}});
    }
    json::array enis;
    for (const auto& [id, eni] : model.enis()) {
        enis.push_back(eni_json(eni, model));
    }
    json::array routes;
    for (const auto& [destination, route] : model.routes()) {
        routes.push_back(json::object{{"destination", destination.text()},
                                      {"next_hop", next_hop(route, model)}});
    }
    const json::object all{{"simulation", simulation},
                           {"revision", model.revision()},
                           {"vpc",
                            {{"cidr", model.vpc().cidr.text()},
                             {"cidr6", optional_text(model.vpc().cidr6)},
                             {"internet", model.vpc().internet}}},
                           {"vswitches", vswitches},
                           {"nodes", nodes},
                           {"enis", enis},
                           {"routes", routes}};
    return json::serialize(all) + "\n";
}

std::string describe_drops(const std::vector<Drop>& drops) {
    if (drops.empty()) {
        return "the VPC has dropped nothing\n";
    }
    std::string text = fmt::format("{:<16} {:<24} {:>10}\n", "REASON", "ENI", "PACKETS");
    for (const auto& drop : drops) {
        text += fmt::format("{:<16} {:<24} {:>10}\n", drop.reason, drop.eni, drop.packets);
    }
    return text;
}

}  // namespace terway::sim
