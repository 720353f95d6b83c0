#include <array>
#include <utility>

#include "sim/kube/form.hpp"

namespace terway::sim::kube {
namespace {

using Renames = std::array<std::pair<const char*, const char*>, 6>;

// Core events by their names in events.k8s.io.
constexpr Renames kEventNames{{{"involvedObject", "regarding"},
                               {"message", "note"},
                               {"source", "deprecatedSource"},
                               {"firstTimestamp", "deprecatedFirstTimestamp"},
                               {"lastTimestamp", "deprecatedLastTimestamp"},
                               {"count", "deprecatedCount"}}};
constexpr std::pair<const char*, const char*> kController{"reportingComponent",
                                                          "reportingController"};

void rename(json::object& value, const char* from, const char* to) {
    if (json::value* found = value.if_contains(from)) {
        json::value moved = std::move(*found);
        value.erase(from);
        value[to] = std::move(moved);
    }
}

bool is_new_event(const Kind& kind) {
    return kind.group == "events.k8s.io";
}

bool is_old_slice(const Kind& kind, const std::string& version) {
    return kind.plural == "endpointslices" && version == "v1beta1";
}

template <class Change>
void each_endpoint(json::object& slice, Change change) {
    json::value* endpoints = slice.if_contains("endpoints");
    if (endpoints == nullptr || !endpoints->is_array()) {
        return;
    }
    for (auto& endpoint : endpoints->get_array()) {
        if (json::object* object = endpoint.if_object()) {
            change(*object);
        }
    }
}

constexpr std::array<std::pair<const char*, const char*>, 2> kTopology{
    {{"zone", "topology.kubernetes.io/zone"}, {"nodeName", "kubernetes.io/hostname"}}};

}  // namespace

bool needs_conversion(const Kind& kind, const std::string& version) {
    return is_new_event(kind) || is_old_slice(kind, version);
}

void convert_out(json::object& value, const Kind& kind, const std::string& version) {
    if (is_new_event(kind)) {
        for (const auto& [old_name, new_name] : kEventNames) {
            rename(value, old_name, new_name);
        }
        rename(value, kController.first, kController.second);
    } else if (is_old_slice(kind, version)) {
        each_endpoint(value, [](json::object& endpoint) {
            json::object topology;
            for (const auto& [member, label] : kTopology) {
                if (const json::value* found = endpoint.if_contains(member)) {
                    topology[label] = *found;
                }
            }
            endpoint.erase("zone");
            if (!topology.empty()) {
                endpoint["topology"] = std::move(topology);
            }
        });
    }
}

void convert_in(json::object& value, const Kind& kind, const std::string& version) {
    if (is_new_event(kind)) {
        for (const auto& [old_name, new_name] : kEventNames) {
            rename(value, new_name, old_name);
        }
        rename(value, kController.second, kController.first);
    } else if (is_old_slice(kind, version)) {
        each_endpoint(value, [](json::object& endpoint) {
            const json::value* topology = endpoint.if_contains("topology");
            const json::object labels = topology != nullptr && topology->is_object()
                                            ? topology->get_object()
                                            : json::object();
            endpoint.erase("topology");
            for (const auto& [member, label] : kTopology) {
                const json::value* found = labels.if_contains(label);
                if (found != nullptr && !endpoint.contains(member)) {
                    endpoint[member] = *found;
                }
            }
        });
    }
}

}  // namespace terway::sim::kube
