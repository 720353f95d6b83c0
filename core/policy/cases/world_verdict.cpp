#include <algorithm>
#include <charconv>

#include "policy/cases/world.hpp"
#include "terway/error.hpp"

namespace terway::policy {
namespace {

std::optional<Family> common_family(const Party& a, const Party& b) {
    for (const auto family : {Family::V4, Family::V6}) {
        if (a.address(family) != nullptr && b.address(family) != nullptr) {
            return family;
        }
    }
    return std::nullopt;
}

// The number of a backend's port, or nullopt if it has none of that name.
std::optional<std::uint16_t> target_of(const CaseService::Port& port, const kube::Pod& pod) {
    if (const auto* const number = std::get_if<std::uint16_t>(&port.target)) {
        return *number;
    }
    for (const auto& named : pod.ports) {
        if (named.name == std::get<std::string>(port.target) && named.protocol == port.protocol) {
            return named.number;
        }
    }
    return std::nullopt;
}

bool selects(const kube::Pairs& selector, const kube::Pairs& labels) {
    return !selector.empty() &&
           std::includes(labels.begin(), labels.end(), selector.begin(), selector.end());
}

}  // namespace

const IpAddress* Party::address(Family family) const {
    const auto found = std::find_if(addresses.begin(), addresses.end(), [&](const auto& address) {
        return address.family() == family;
    });
    return found == addresses.end() ? nullptr : &*found;
}

Party World::party_of(const kube::Pod& pod) const {
    Party party;
    party.pod = {pod.meta.space.text(), pod.meta.name.text()};
    party.key = party.pod.text();
    party.node = pod.node.text();
    party.uses_host = pod.host_network;
    party.ports = pod.ports;
    if (pod.is_over()) {
        return party;
    }
    party.addresses = pod.addresses;
    if (pod.host_network) {
        for (const auto& node : cluster_.nodes) {
            if (node.name == party.node) {
                party.addresses = node.addresses;
            }
        }
    }
    return party;
}

std::vector<Party> World::parties() const {
    std::vector<Party> out;
    for (const auto& [_, pod] : pods_) {
        out.push_back(party_of(pod));
    }
    const auto add = [&](std::vector<CaseHost> hosts, Party::Kind kind, const std::string& prefix) {
        std::sort(hosts.begin(), hosts.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        for (const auto& host : hosts) {
            Party party;
            party.kind = kind;
            party.key = prefix + host.name;
            party.node = kind == Party::Kind::Node ? host.name : "";
            party.uses_host = kind == Party::Kind::Node;
            party.addresses = host.addresses;
            out.push_back(std::move(party));
        }
    };
    add(cluster_.nodes, Party::Kind::Node, "node:");
    add(cluster_.externals, Party::Kind::External, "ext:");
    return out;
}

std::optional<Party> World::party(std::string_view key) const {
    for (auto& each : parties()) {
        if (each.key == key) {
            return std::move(each);
        }
    }
    return std::nullopt;
}

char World::verdict(const Party& from, const Party& to, const Probe& probe) const {
    if (from.kind != Party::Kind::Pod && to.kind != Party::Kind::Pod) {
        return kNobody;
    }
    const auto family = probe.family ? probe.family : common_family(from, to);
    const auto* const source = family ? from.address(*family) : nullptr;
    const auto* const destination = family ? to.address(*family) : nullptr;
    if (source == nullptr || destination == nullptr) {
        return kNobody;
    }
    if (from.key == to.key) {
        return kWorks;
    }
    const bool on_one_node = !from.node.empty() && from.node == to.node;
    if (const auto* const rules = from.uses_host ? nullptr : picture_.find(from.pod);
        rules != nullptr &&
        !picture_.allows(*rules->egress, {*destination, probe.protocol, probe.port})) {
        return to.uses_host && on_one_node ? kOpen : kFails;
    }
    const bool is_from_own_node = from.uses_host && on_one_node;
    if (const auto* const rules = to.uses_host ? nullptr : picture_.find(to.pod);
        rules != nullptr && !is_from_own_node &&
        !picture_.allows(*rules->ingress, {*source, probe.protocol, probe.port})) {
        return kFails;
    }
    return kWorks;
}

char World::verdict(const ServiceProbe& probe, const std::string& backend) const {
    const auto colon = backend.rfind(':');
    const auto from = party(probe.from);
    const auto to = party(backend.substr(0, colon));
    Probe direct{backend, probe.protocol, 0, std::nullopt};
    if (colon != std::string::npos) {
        std::from_chars(backend.data() + colon + 1, backend.data() + backend.size(), direct.port);
    }
    if (!from || !to || direct.port == 0) {
        throw Error(Status::Invalid,
                    "there is no connection from " + probe.from + " to " + backend);
    }
    return from->key == to->key ? kOpen : verdict(*from, *to, direct);
}

Backends World::through(const ServiceProbe& probe) const {
    Backends backends;
    for (const auto& service : cluster_.services) {
        if (service.name != probe.service) {
            continue;
        }
        for (const auto& port : service.ports) {
            if (port.number != probe.port || port.protocol != probe.protocol) {
                continue;
            }
            for (const auto& [key, pod] : pods_) {
                const auto target = target_of(port, pod);
                if (pod.meta.space == service.name.space && !pod.is_over() && target &&
                    selects(service.selector, pod.meta.labels)) {
                    const auto backend = key + ":" + std::to_string(*target);
                    backends[backend] = verdict(probe, backend);
                }
            }
        }
    }
    return backends;
}

}  // namespace terway::policy
