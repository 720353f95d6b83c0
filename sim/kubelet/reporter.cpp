#include "sim/kubelet/reporter.hpp"

#include <utility>

#include "terway/error.hpp"

namespace terway::sim::kubelet {
namespace {

constexpr const char* kStrategic = "application/strategic-merge-patch+json";
constexpr const char* kMerge = "application/merge-patch+json";
constexpr unsigned kNotFound = 404;
constexpr unsigned kConflict = 409;

const kube::Kind& pods() {
    return kube::kind_named("pods");
}

kube::When at(WallTime now) {
    return {now, false};
}

std::string event_name(const PodOrder& order, const std::string& reason) {
    std::string name = order.key.name + "." + order.uid.substr(0, 8) + ".";
    for (const char c : reason) {
        name += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    return name;
}

}  // namespace

template <class Body>
bool Reporter::about(const PodOrder& order, Body body) {
    const auto now = server_.time();
    return server_.with([&](kube::Api& api) {
        const auto found = api.store().find(pods().stored(), order.key);
        if (found == nullptr || kube::meta_text(found->value, "uid") != order.uid) {
            return false;
        }
        try {
            body(api.cluster(), now);
        } catch (const kube::Problem& problem) {
            if (problem.code != kNotFound && problem.code != kConflict) {
                throw Error(Status::Internal, problem.message);
            }
            return false;
        }
        return true;
    });
}

void Reporter::node(const std::string& name, const std::vector<IpAddress>& addresses) {
    const auto now = server_.time();
    server_.with([&](kube::Api& api) {
        const auto& nodes = kube::kind_named("nodes");
        const kube::Key key{"", name};
        try {
            if (api.store().find(nodes.stored(), key) == nullptr) {
                (void)api.cluster().create(nodes, "", new_node(name), at(now));
            }
            const json::object patch{
                {"status", node_status(name, addresses, kube::kube_time(now))}};
            (void)api.cluster().patch(nodes, key, "status", kStrategic, patch, at(now));
        } catch (const kube::Problem& problem) {
            throw Error(Status::Internal, "node " + name + ": " + problem.message);
        }
    });
}

void Reporter::set_status(const PodOrder& order, json::object status) {
    (void)about(order, [&](kube::Cluster& cluster, WallTime now) {
        const json::object patch{{"status", std::move(status)}};
        (void)cluster.patch(pods(), order.key, "status", kStrategic, patch, at(now));
    });
}

void Reporter::waiting(const PodOrder& order, const IpAddress& host) {
    set_status(order, waiting_status(order.pod->value, host, kube::kube_time(server_.time())));
}

void Reporter::running(const PodOrder& order, const IpAddress& host,
                       const std::vector<IpAddress>& addresses) {
    set_status(order,
               running_status(order.pod->value, host, addresses, kube::kube_time(server_.time())));
}

void Reporter::gone(const PodOrder& order) {
    (void)about(order, [&](kube::Cluster& cluster, WallTime now) {
        (void)cluster.remove(pods(), order.key, {0, order.uid, ""}, at(now));
    });
}

bool Reporter::bound(const PodOrder& order, const std::string& node) {
    return about(order, [&](kube::Cluster& cluster, WallTime now) {
        (void)cluster.bind(order.key, node, at(now));
    });
}

void Reporter::event(const PodOrder& order, bool is_warning, const std::string& reason,
                     const std::string& message) {
    (void)about(order, [&](kube::Cluster& cluster, WallTime now) {
        const auto& events = kube::kind_named("events");
        const kube::Key key{order.key.space, event_name(order, reason)};
        const auto text = kube::kube_time(now);
        if (const auto told = cluster.store().find(events.stored(), key)) {
            const auto* count = told->value.if_contains("count");
            const json::object patch{
                {"count", (count == nullptr ? 1 : count->to_number<std::int64_t>()) + 1},
                {"message", message},
                {"lastTimestamp", text}};
            (void)cluster.patch(events, key, "", kMerge, patch, at(now));
            return;
        }
        auto made = event_about(order, {is_warning, reason, message, component_, host_}, text);
        kube::metadata_of(made)["name"] = key.name;
        (void)cluster.create(events, key.space, std::move(made), at(now));
    });
}

}  // namespace terway::sim::kubelet
