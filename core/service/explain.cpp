#include "service/explain.hpp"

#include <algorithm>
#include <utility>

namespace terway::service {
namespace {

ExplainedEndpoint explained(const Candidate& candidate, const Backends& backends) {
    const auto& endpoint = *candidate.endpoint;
    ExplainedEndpoint made{endpoint.address, candidate.port, endpoint.node.text(), {}, {}};
    const auto found = std::find_if(backends.begin(), backends.end(), [&](const Backend& each) {
        return each.address == endpoint.address && each.port == candidate.port;
    });
    made.reason = reason_of(candidate.fate);
    if (found != backends.end()) {
        made.state = found->state;
        made.reason += found->state == BackendState::Draining ? "; keeps its connections" : "";
    }
    return made;
}

ExplainedFrontend explained(const Index& index, const ObjectName& name,
                            const kube::ServicePort& port, const Door& door) {
    ExplainedFrontend made;
    made.key = door.key;
    made.origin = door.origin;
    const auto owner = index.owner_of(door.key);
    made.lost_to = owner == name || owner.name.empty() ? "" : owner.text();
    const auto choice = choose(candidates_of(index.slices_of(name), door.key.address.family(),
                                             port.name, port.protocol, index.facts().name),
                               door.scope, index.facts());
    made.without_backends = without_backends(choice, door.scope);
    const auto backends = backends_of(choice, port.protocol);
    for (const auto& each : choice.candidates) {
        made.endpoints.push_back(explained(each, backends));
    }
    return made;
}

bool has_port(const kube::Service& service, const kube::SlicePort& port) {
    return std::any_of(service.ports.begin(), service.ports.end(), [&](const auto& each) {
        return each.name == port.name && each.protocol == port.protocol;
    });
}

std::vector<std::string> remarks_of(const kube::Service& service, const Slices& slices) {
    std::vector<std::string> remarks;
    if (slices.empty()) {
        remarks.emplace_back("it has no EndpointSlice");
    }
    for (const auto& slice : slices) {
        const auto name = "EndpointSlice " + slice->meta.name.text();
        if (!slice->family) {
            remarks.push_back(name + " holds names, not addresses");
        }
        for (const auto& port : slice->ports) {
            if (!has_port(service, port)) {
                remarks.push_back(name + " has a port \"" + port.name.text() + "\" (" +
                                  std::string(kube::name_of(port.protocol)) +
                                  ") that the Service has not");
            }
        }
    }
    return remarks;
}

}  // namespace

std::optional<Explanation> explain(const Index& index, const ObjectName& name) {
    const auto service = index.service(name);
    if (service == nullptr) {
        return std::nullopt;
    }
    Explanation all;
    all.name = name;
    all.ignored = why_not_served(*service);
    all.affinity_seconds = service->affinity_seconds;
    all.is_local = service->is_local;
    all.publishes_not_ready = service->publishes_not_ready;
    if (!all.ignored.empty()) {
        return all;
    }
    for (const auto& port : service->ports) {
        ExplainedPort made{port_text(*service, port), {}};
        for (const auto& door : doors_of(*service, port, index.facts())) {
            made.frontends.push_back(explained(index, name, port, door));
        }
        all.ports.push_back(std::move(made));
    }
    all.remarks = remarks_of(*service, index.slices_of(name));
    return all;
}

}  // namespace terway::service
