#include "sim/kubelet/status.hpp"

namespace terway::sim::kubelet {
namespace {

json::object condition(const std::string& type, bool holds, const std::string& now) {
    return {{"type", type}, {"status", holds ? "True" : "False"}, {"lastTransitionTime", now}};
}

json::array conditions(bool ready, const std::string& now) {
    return {condition("PodReadyToStartContainers", ready, now), condition("Initialized", true, now),
            condition("Ready", ready, now), condition("ContainersReady", ready, now),
            condition("PodScheduled", true, now)};
}

json::array container_statuses(const json::object& pod, bool ready, const std::string& now) {
    json::array all;
    const auto* containers = kube::at_path(pod, {"spec", "containers"});
    if (containers == nullptr || !containers->is_array()) {
        return all;
    }
    for (const auto& container : containers->get_array()) {
        const auto* object = container.if_object();
        if (object == nullptr) {
            continue;
        }
        const json::object running{{"startedAt", now}};
        const json::object waiting{{"reason", "ContainerCreating"}};
        all.push_back(json::object{{"name", kube::text_at(*object, {"name"})},
                                   {"image", kube::text_at(*object, {"image"})},
                                   {"imageID", ""},
                                   {"ready", ready},
                                   {"started", ready},
                                   {"restartCount", 0},
                                   {"state", ready ? json::object{{"running", running}}
                                                   : json::object{{"waiting", waiting}}}});
    }
    return all;
}

json::object status(const json::object& pod, bool ready, const IpAddress& host,
                    const std::string& now) {
    return {{"phase", ready ? "Running" : "Pending"},
            {"conditions", conditions(ready, now)},
            {"hostIP", host.text()},
            {"hostIPs", json::array{json::object{{"ip", host.text()}}}},
            {"startTime", now},
            {"containerStatuses", container_statuses(pod, ready, now)}};
}

}  // namespace

json::object waiting_status(const json::object& pod, const IpAddress& host,
                            const std::string& now) {
    return status(pod, false, host, now);
}

json::object running_status(const json::object& pod, const IpAddress& host,
                            const std::vector<IpAddress>& addresses, const std::string& now) {
    auto made = status(pod, true, host, now);
    json::array all;
    for (const auto& address : addresses) {
        all.push_back(json::object{{"ip", address.text()}});
    }
    if (!addresses.empty()) {
        made["podIP"] = addresses.front().text();
    }
    made["podIPs"] = std::move(all);
    return made;
}

json::object new_node(const std::string& name) {
    return {{"metadata", json::object{{"name", name},
                                      {"labels", json::object{{"kubernetes.io/hostname", name},
                                                              {"kubernetes.io/os", "linux"}}}}}};
}

json::object node_status(const std::string& name, const std::vector<IpAddress>& addresses,
                         const std::string& now) {
    json::array all;
    for (const auto& address : addresses) {
        all.push_back(json::object{{"type", "InternalIP"}, {"address", address.text()}});
    }
    all.push_back(json::object{{"type", "Hostname"}, {"address", name}});
    auto ready = condition("Ready", true, now);
    ready["reason"] = "KubeletReady";
    ready["lastHeartbeatTime"] = now;
    const json::object room{{"cpu", "4"}, {"memory", "16Gi"}, {"pods", "110"}};
    return {{"addresses", std::move(all)},
            {"conditions", json::array{std::move(ready)}},
            {"capacity", room},
            {"allocatable", room},
            {"nodeInfo", json::object{{"kubeletVersion", "simulated"},
                                      {"operatingSystem", "linux"},
                                      {"osImage", "a network namespace"},
                                      {"containerRuntimeVersion", "none"}}}};
}

json::object event_about(const PodOrder& order, const Remark& remark, const std::string& now) {
    return {{"metadata", json::object{{"namespace", order.key.space}}},
            {"involvedObject", json::object{{"apiVersion", "v1"},
                                            {"kind", "Pod"},
                                            {"namespace", order.key.space},
                                            {"name", order.key.name},
                                            {"uid", order.uid}}},
            {"type", remark.is_warning ? "Warning" : "Normal"},
            {"reason", remark.reason},
            {"message", remark.message},
            {"source", json::object{{"component", remark.component}, {"host", remark.host}}},
            {"firstTimestamp", now},
            {"lastTimestamp", now},
            {"count", 1}};
}

}  // namespace terway::sim::kubelet
