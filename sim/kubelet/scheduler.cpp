#include "sim/kubelet/scheduler.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "base/log.hpp"

namespace terway::sim::kubelet {
namespace {

constexpr std::chrono::seconds kLook{60};

bool is_ready(const json::object& node) {
    const auto* conditions = kube::at_path(node, {"status", "conditions"});
    if (conditions == nullptr || !conditions->is_array()) {
        return false;
    }
    const auto& all = conditions->get_array();
    return std::any_of(all.begin(), all.end(), [](const json::value& each) {
        const auto* condition = each.if_object();
        return condition != nullptr && kube::text_at(*condition, {"type"}) == "Ready" &&
               kube::text_at(*condition, {"status"}) == "True";
    });
}

}  // namespace

bool fits(const json::object& pod, const json::object& node) {
    const auto* cordoned = kube::at_path(node, {"spec", "unschedulable"});
    if (!is_ready(node) || (cordoned != nullptr && *cordoned == json::value(true))) {
        return false;
    }
    const auto* selector = kube::at_path(pod, {"spec", "nodeSelector"});
    if (selector == nullptr || !selector->is_object()) {
        return true;
    }
    return std::ranges::all_of(selector->get_object(), [&](const auto& wanted) {
        const std::string name(wanted.key());
        const auto* label = kube::at_path(node, {"metadata", "labels", name.c_str()});
        return label != nullptr && *label == wanted.value();
    });
}

Scheduler::Scheduler(kube::KubeServer& server)
    : server_(server), reporter_(server, "default-scheduler", "") {
    thread_ = std::jthread([this](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "scheduler");
        run(stop);
    });
}

Scheduler::Picture Scheduler::look() {
    return server_.with([](kube::Api& api) {
        Picture picture;
        const auto unbound = [](const kube::Key&, const kube::Object& pod) {
            return kube::text_at(pod.value, {"spec", "nodeName"}).empty() &&
                   kube::meta_text(pod.value, "deletionTimestamp").empty();
        };
        const auto all = [](const kube::Key&, const kube::Object&) { return true; };
        auto& store = api.store();
        for (const auto& [key, pod] :
             store.list(kube::kind_named("pods").stored(), "", unbound, 0, {}, 0).items) {
            picture.pods.push_back(order_of(key, pod));
        }
        for (const auto& [key, node] :
             store.list(kube::kind_named("nodes").stored(), "", all, 0, {}, 0).items) {
            picture.nodes.emplace_back(key.name, node);
        }
        return picture;
    });
}

std::string Scheduler::choose(const PodOrder& order, const Picture& picture) {
    for (std::size_t i = 0; i < picture.nodes.size(); ++i) {
        const auto& [name, node] = picture.nodes[(turn_ + i) % picture.nodes.size()];
        if (fits(order.pod->value, node->value)) {
            turn_ += i + 1;
            return name;
        }
    }
    return {};
}

void Scheduler::run(const std::stop_token& stop) {
    std::uint64_t seen = 0;
    while (!stop.stop_requested()) {
        seen = server_.await_change(seen, stop, after(kLook));
        try {
            const auto picture = look();
            for (const auto& order : picture.pods) {
                const auto node = choose(order, picture);
                if (!node.empty() && reporter_.bound(order, node)) {
                    reporter_.event(order, false, "Scheduled",
                                    "Successfully assigned " + order.key.space + "/" +
                                        order.key.name + " to " + node);
                }
            }
        } catch (const std::exception& error) {
            log::error("the scheduler stumbles", {{"why", error.what()}});
        }
    }
}

}  // namespace terway::sim::kubelet
