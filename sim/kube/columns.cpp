#include "sim/kube/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iomanip>
#include <map>
#include <sstream>
#include <string_view>
#include <vector>

#include "sim/kube/store.hpp"

namespace terway::sim::kube {
namespace {

using json::object;

struct Column {
    const char* name;
    int priority = 0;
    const char* type = "string";
};

const std::map<std::string, std::vector<Column>>& tables() {
    static const std::map<std::string, std::vector<Column>> all{
        {"pods",
         {{"Name"},
          {"Ready"},
          {"Status"},
          {"Restarts", 0, "integer"},
          {"Age"},
          {"IP", 1},
          {"Node", 1},
          {"Nominated Node", 1},
          {"Readiness Gates", 1}}},
        {"nodes",
         {{"Name"},
          {"Status"},
          {"Roles"},
          {"Age"},
          {"Version"},
          {"Internal-IP", 1},
          {"External-IP", 1},
          {"OS-Image", 1},
          {"Kernel-Version", 1},
          {"Container-Runtime", 1}}},
        {"namespaces", {{"Name"}, {"Status"}, {"Age"}}},
        {"services",
         {{"Name"},
          {"Type"},
          {"Cluster-IP"},
          {"External-IP"},
          {"Port(s)"},
          {"Age"},
          {"Selector", 1}}},
        {"events",
         {{"Last Seen"}, {"Type"}, {"Reason"}, {"Object"}, {"Message"}, {"Count", 1, "integer"}}},
        {"configmaps", {{"Name"}, {"Data", 0, "integer"}, {"Age"}}},
        {"networkpolicies.networking.k8s.io", {{"Name"}, {"Pod-Selector"}, {"Age"}}},
        {"daemonsets.apps",
         {{"Name"},
          {"Desired", 0, "integer"},
          {"Current", 0, "integer"},
          {"Ready", 0, "integer"},
          {"Age"}}},
    };
    return all;
}

const std::vector<Column>& table_of(const Kind& kind) {
    static const std::vector<Column> plain{{"Name"}, {"Age"}};
    const auto found = tables().find(kind.stored());
    return found == tables().end() ? plain : found->second;
}

std::string or_none(const std::string& text) {
    return text.empty() ? "<none>" : text;
}

std::string age_of(const std::string& since, WallTime now) {
    std::istringstream text(since);
    std::tm parts{};
    text >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%S");
    if (text.fail()) {
        return "<unknown>";
    }
    const auto begin = WallTime(std::chrono::seconds(::timegm(&parts)));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - begin).count();
    constexpr std::int64_t kMinute = 60;
    constexpr std::int64_t kHour = 60 * kMinute;
    constexpr std::int64_t kDay = 24 * kHour;
    if (seconds < 2 * kMinute) {
        return fmt::format("{}s", std::max<std::int64_t>(seconds, 0));
    }
    if (seconds < 3 * kHour) {
        return fmt::format("{}m", seconds / kMinute);
    }
    return seconds < 2 * kDay ? fmt::format("{}h", seconds / kHour)
                              : fmt::format("{}d", seconds / kDay);
}

std::string joined(const json::value* map, const char* nothing) {
    std::string text;
    if (map != nullptr && map->is_object()) {
        for (const auto& [key, value] : map->get_object()) {
            text += (text.empty() ? "" : ",") + std::string(key) + "=" +
                    (value.is_string() ? std::string(value.get_string()) : "");
        }
    }
    return text.empty() ? nothing : text;
}

const json::array& list_at(const object& from, std::initializer_list<const char*> path) {
    static const json::array none;
    const json::value* found = at_path(from, path);
    return found == nullptr || !found->is_array() ? none : found->get_array();
}

std::int64_t number_at(const object& from, std::initializer_list<const char*> path) {
    const json::value* found = at_path(from, path);
    return found == nullptr || !found->is_int64() ? 0 : found->get_int64();
}

std::string pod_status(const object& pod) {
    if (!meta_text(pod, "deletionTimestamp").empty()) {
        return "Terminating";
    }
    for (const auto& status : list_at(pod, {"status", "containerStatuses"})) {
        if (status.is_object()) {
            const std::string why = text_at(status.get_object(), {"state", "waiting", "reason"});
            if (!why.empty()) {
                return why;
            }
        }
    }
    const std::string reason = text_at(pod, {"status", "reason"});
    return reason.empty() ? text_at(pod, {"status", "phase"}) : reason;
}

json::array pod_cells(const object& pod, const std::string& name, const std::string& age) {
    std::int64_t ready = 0;
    std::int64_t restarts = 0;
    for (const auto& status : list_at(pod, {"status", "containerStatuses"})) {
        if (const object* one = status.if_object()) {
            const json::value* is_ready = one->if_contains("ready");
            ready += is_ready != nullptr && *is_ready == true ? 1 : 0;
            restarts += number_at(*one, {"restartCount"});
        }
    }
    return {name,
            fmt::format("{}/{}", ready, list_at(pod, {"spec", "containers"}).size()),
            pod_status(pod),
            restarts,
            age,
            or_none(text_at(pod, {"status", "podIP"})),
            or_none(text_at(pod, {"spec", "nodeName"})),
            or_none(text_at(pod, {"status", "nominatedNodeName"})),
            "<none>"};
}

std::string condition_of(const object& from, const std::string& type) {
    for (const auto& condition : list_at(from, {"status", "conditions"})) {
        if (condition.is_object() && text_at(condition.get_object(), {"type"}) == type) {
            return text_at(condition.get_object(), {"status"});
        }
    }
    return "";
}

std::string node_address(const object& node, const std::string& type) {
    for (const auto& address : list_at(node, {"status", "addresses"})) {
        if (address.is_object() && text_at(address.get_object(), {"type"}) == type) {
            return text_at(address.get_object(), {"address"});
        }
    }
    return "<none>";
}

std::string node_roles(const object& node) {
    constexpr std::string_view kRole = "node-role.kubernetes.io/";
    std::string roles;
    const json::value* labels = at_path(node, {"metadata", "labels"});
    if (labels != nullptr && labels->is_object()) {
        for (const auto& [key, value] : labels->get_object()) {
            if (key.starts_with(kRole)) {
                roles += (roles.empty() ? "" : ",") + std::string(key.substr(kRole.size()));
            }
        }
    }
    return or_none(roles);
}

std::string or_unknown(const std::string& text) {
    return text.empty() ? "<unknown>" : text;
}

json::array node_cells(const object& node, const std::string& name, const std::string& age) {
    const std::string ready = condition_of(node, "Ready");
    std::string status = ready == "True" ? "Ready" : ready.empty() ? "Unknown" : "NotReady";
    const json::value* closed = at_path(node, {"spec", "unschedulable"});
    status += closed != nullptr && *closed == true ? ",SchedulingDisabled" : "";
    return {name,
            status,
            node_roles(node),
            age,
            text_at(node, {"status", "nodeInfo", "kubeletVersion"}),
            node_address(node, "InternalIP"),
            node_address(node, "ExternalIP"),
            or_unknown(text_at(node, {"status", "nodeInfo", "osImage"})),
            or_unknown(text_at(node, {"status", "nodeInfo", "kernelVersion"})),
            or_unknown(text_at(node, {"status", "nodeInfo", "containerRuntimeVersion"}))};
}

json::array service_cells(const object& service, const std::string& name, const std::string& age) {
    std::string ports;
    for (const auto& port : list_at(service, {"spec", "ports"})) {
        if (const object* one = port.if_object()) {
            ports += fmt::format("{}{}/{}", ports.empty() ? "" : ",", number_at(*one, {"port"}),
                                 text_at(*one, {"protocol"}));
        }
    }
    return {name,
            text_at(service, {"spec", "type"}),
            or_none(text_at(service, {"spec", "clusterIP"})),
            "<none>",
            or_none(ports),
            age,
            joined(at_path(service, {"spec", "selector"}), "<none>")};
}

json::array event_cells(const object& event, WallTime now) {
    std::string seen = text_at(event, {"lastTimestamp"});
    seen = seen.empty() ? text_at(event, {"eventTime"}) : seen;
    std::string about = text_at(event, {"involvedObject", "kind"});
    for (char& c : about) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | ' ') : c;
    }
    return {age_of(seen, now),           text_at(event, {"type"}),
            text_at(event, {"reason"}),  about + "/" + text_at(event, {"involvedObject", "name"}),
            text_at(event, {"message"}), number_at(event, {"count"})};
}

std::int64_t data_count(const object& map) {
    std::size_t count = 0;
    for (const char* member : {"data", "binaryData"}) {
        const json::value* found = map.if_contains(member);
        count += found != nullptr && found->is_object() ? found->get_object().size() : 0;
    }
    return static_cast<std::int64_t>(count);
}

}  // namespace

json::array columns_of(const Kind& kind) {
    json::array columns;
    for (const auto& column : table_of(kind)) {
        columns.push_back(json::object{{"name", column.name},
                                       {"type", column.type},
                                       {"format", std::string(column.name) == "Name" ? "name" : ""},
                                       {"description", column.name},
                                       {"priority", column.priority}});
    }
    return columns;
}

json::array cells_of(const Kind& kind, const json::object& object, WallTime now) {
    const std::string name = meta_text(object, "name");
    const std::string age = age_of(meta_text(object, "creationTimestamp"), now);
    const std::string what = kind.stored();
    if (what == "pods") {
        return pod_cells(object, name, age);
    }
    if (what == "nodes") {
        return node_cells(object, name, age);
    }
    if (what == "services") {
        return service_cells(object, name, age);
    }
    if (what == "events") {
        return event_cells(object, now);
    }
    if (what == "namespaces") {
        return {name, text_at(object, {"status", "phase"}), age};
    }
    if (what == "configmaps") {
        return {name, data_count(object), age};
    }
    if (what == "networkpolicies.networking.k8s.io") {
        return {name, joined(at_path(object, {"spec", "podSelector", "matchLabels"}), "<none>"),
                age};
    }
    if (what == "daemonsets.apps") {
        return {name, number_at(object, {"status", "desiredNumberScheduled"}),
                number_at(object, {"status", "currentNumberScheduled"}),
                number_at(object, {"status", "numberReady"}), age};
    }
    return {name, age};
}

}  // namespace terway::sim::kube
