#include "sim/kube/service_defaults.hpp"

#include <set>
#include <string>

namespace terway::sim::kube {
namespace {

constexpr std::int64_t kFirstNodePort = 30000;
constexpr std::int64_t kAffinitySeconds = 10'800;

template <class Visit>
void each_service(const Store& store, const Visit& visit) {
    const auto page = store.list(
        "services", "", [](const Key&, const Object&) { return true; }, 0, {}, 0);
    for (const auto& [key, service] : page.items) {
        visit(service->value);
    }
}

template <class Visit>
void each_port(json::object& owner, const Visit& visit) {
    json::value* ports = owner.if_contains("ports");
    if (ports == nullptr || !ports->is_array()) {
        return;
    }
    for (auto& port : ports->get_array()) {
        if (json::object* one = port.if_object()) {
            visit(*one);
        }
    }
}

void fill(json::object& into, const char* member, const json::value& value) {
    if (!into.contains(member)) {
        into[member] = value;
    }
}

std::string free_address(const Store& store, const Prefix& range) {
    std::set<std::string> taken;
    each_service(store, [&](const json::object& service) {
        taken.insert(text_at(service, {"spec", "clusterIP"}));
    });
    for (std::uint64_t at = 1;; ++at) {
        const IpAddress address = range.network().address().plus(at);
        if (!range.contains(address)) {
            throw Problem{
                500, "InternalError", "failed to allocate a serviceIP: range is full", {}, {}};
        }
        if (!taken.contains(address.text())) {
            return address.text();
        }
    }
}

std::set<std::int64_t> taken_node_ports(const Store& store) {
    std::set<std::int64_t> taken;
    each_service(store, [&](const json::object& service) {
        const json::value* ports = at_path(service, {"spec", "ports"});
        if (ports == nullptr || !ports->is_array()) {
            return;
        }
        for (const auto& port : ports->get_array()) {
            const auto* one = port.if_object();
            const auto* number = one == nullptr ? nullptr : one->if_contains("nodePort");
            if (number != nullptr && number->is_int64()) {
                taken.insert(number->get_int64());
            }
        }
    });
    return taken;
}

void give_node_ports(json::object& spec, const Store& store) {
    auto taken = taken_node_ports(store);
    std::int64_t next = kFirstNodePort;
    each_port(spec, [&](json::object& port) {
        while (taken.contains(next)) {
            ++next;
        }
        if (!port.contains("nodePort")) {
            port["nodePort"] = next;
            taken.insert(next);
        }
    });
}

void give_addresses(json::object& service, json::object& spec, const Prefix& range,
                    const Store& store) {
    const json::value* list = spec.if_contains("clusterIPs");
    const bool has_list = list != nullptr && list->is_array() && !list->get_array().empty();
    if (text_at(service, {"spec", "clusterIP"}).empty()) {
        spec["clusterIP"] =
            has_list ? list->get_array().front() : json::value(free_address(store, range));
    }
    if (!has_list) {
        spec["clusterIPs"] = json::array{spec["clusterIP"]};
    }
}

}  // namespace

void default_service(json::object& service, const Prefix& range, const Store& store) {
    json::object& spec = child_of(service, "spec");
    fill(spec, "type", "ClusterIP");
    fill(spec, "sessionAffinity", "None");
    if (text_at(service, {"spec", "sessionAffinity"}) == "ClientIP") {
        fill(child_of(child_of(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds",
             kAffinitySeconds);
    }
    const auto type = text_at(service, {"spec", "type"});
    if (type != "ExternalName") {
        give_addresses(service, spec, range, store);
        fill(spec, "internalTrafficPolicy", "Cluster");
    }
    each_port(spec, [](json::object& port) {
        fill(port, "protocol", "TCP");
        if (port.contains("port")) {
            fill(port, "targetPort", json::value(port["port"]));
        }
    });
    if (type == "NodePort" || type == "LoadBalancer") {
        give_node_ports(spec, store);
    }
    (void)child_of(child_of(service, "status"), "loadBalancer");
}

void default_slice(json::object& slice, const Kind& kind) {
    const auto type = text_at(slice, {"addressType"});
    if (type != "IPv4" && type != "IPv6" && type != "FQDN") {
        throw invalid(
            kind, meta_text(slice, "name"), "addressType",
            "Unsupported value: \"" + type + "\": supported values: \"FQDN\", \"IPv4\", \"IPv6\"");
    }
    each_port(slice, [](json::object& port) {
        fill(port, "name", "");
        fill(port, "protocol", "TCP");
    });
}

}  // namespace terway::sim::kube
