#include "service/evaluate.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

namespace terway::service {
namespace {

bool has_family(const kube::Service& service, Family family) {
    return std::any_of(service.cluster_ips.begin(), service.cluster_ips.end(),
                       [family](const IpAddress& each) { return each.family() == family; });
}

// What the doors of one port that lead to the same endpoints have in common.
struct Room {
    std::shared_ptr<const Backends> backends;
    WithoutBackends without_backends = WithoutBackends::Refuse;
};

class Rooms {
public:
    Rooms(const kube::ServicePort& port, const Slices& slices, const NodeFacts& facts)
        : port_(port), slices_(slices), facts_(facts) {}

    const Room& behind(const Door& door) {
        const auto family = door.key.address.family();
        auto& room =
            rooms_[(family == Family::V4 ? 0U : 2U) + (door.scope == Scope::Cluster ? 0U : 1U)];
        if (!room) {
            const auto choice =
                choose(candidates_of(slices_, family, port_.name, port_.protocol, facts_.name),
                       door.scope, facts_);
            room.emplace();
            room->backends = std::make_shared<const Backends>(backends_of(choice, port_.protocol));
            room->without_backends = without_backends(choice, door.scope);
        }
        return *room;
    }

private:
    const kube::ServicePort& port_;
    const Slices& slices_;
    const NodeFacts& facts_;
    std::array<std::optional<Room>, 4> rooms_;
};

}  // namespace

std::string_view why_not_served(const kube::Service& service) noexcept {
    if (!service.proxy.empty()) {
        return "is another proxy's, by its label service.kubernetes.io/service-proxy-name";
    }
    if (service.type == kube::ServiceType::ExternalName) {
        return "is a name for an external host (ExternalName)";
    }
    return service.is_headless ? "has no cluster IP (is headless)" : "";
}

std::string port_text(const kube::Service& service, const kube::ServicePort& port) {
    std::string text(service.meta.space.view());
    text.append("/").append(service.meta.name.view());
    if (!port.name.empty()) {
        text.append(":").append(port.name.view());
    }
    return text;
}

std::vector<Door> doors_of(const kube::Service& service, const kube::ServicePort& port,
                           const NodeFacts& facts) {
    std::vector<Door> doors;
    const auto add = [&](const IpAddress& address, std::uint16_t number, Origin origin,
                         Scope scope) {
        if (number != 0 && has_family(service, address.family())) {
            doors.push_back({{address, number, port.protocol}, origin, scope});
        }
    };
    for (const auto& each : service.cluster_ips) {
        add(each, port.number, Origin::ClusterIp, service.is_local ? Scope::Local : Scope::Cluster);
    }
    for (const auto& each : facts.addresses) {
        add(each, port.node_port, Origin::NodePort, Scope::Cluster);
    }
    for (const auto& each : service.balancer_ips) {
        add(each, port.number, Origin::LoadBalancer, Scope::Cluster);
    }
    for (const auto& each : service.external_ips) {
        add(each, port.number, Origin::ExternalIp, Scope::Cluster);
    }
    return doors;
}

std::vector<FrontendPtr> evaluate(const kube::Service& service, const Slices& slices,
                                  const NodeFacts& facts) {
    std::vector<FrontendPtr> all;
    if (!why_not_served(service).empty()) {
        return all;
    }
    for (const auto& port : service.ports) {
        const kube::Word text(port_text(service, port));
        Rooms rooms(port, slices, facts);
        for (const auto& door : doors_of(service, port, facts)) {
            const auto& room = rooms.behind(door);
            auto made = std::make_shared<Frontend>();
            made->key = door.key;
            made->origin = door.origin;
            made->without_backends = room.without_backends;
            made->affinity_seconds = service.affinity_seconds;
            made->service = text;
            made->backends = room.backends;
            all.push_back(std::move(made));
        }
    }
    return all;
}

}  // namespace terway::service
