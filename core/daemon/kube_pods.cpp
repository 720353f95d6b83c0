#include "daemon/kube_pods.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using endpoint::PodFacts;

constexpr std::chrono::seconds kAskTime{5};
// The kubelet gives a static pod the hash of its manifest for a UID, and says so in the mirror.
constexpr std::string_view kMirror = "kubernetes.io/config.mirror";
constexpr std::string_view kReserve = "k8s.aliyun.com/pod-ip-reservation";
constexpr std::string_view kIgnore = "k8s.aliyun.com/ignore-by-terway";

std::string name_of(const kube::Pod& pod) {
    return "pod " + pod.meta.space.text() + "/" + pod.meta.name.text();
}

bool keeps_addresses(const kube::Pod& pod, const profile::Kube& settings) {
    const auto* const controller = pod.meta.controller();
    const auto& kinds = settings.stateful_kinds;
    return kube::value_of(pod.meta.annotations, kReserve) == "true" && controller != nullptr &&
           std::any_of(kinds.begin(), kinds.end(),
                       [&](const std::string& kind) { return controller->kind == kind; });
}

}  // namespace

bool is_pod(const kube::Pod& pod, std::string_view uid) {
    return uid.empty() || pod.meta.uid == uid ||
           kube::value_of(pod.meta.annotations, kMirror) == uid;
}

PodFacts facts_of(const kube::Pod& pod, PodFacts told, const profile::Kube& settings) {
    if (pod.host_network) {
        throw Error(Status::Invalid,
                    name_of(pod) + " is in the host's network, so it gets none of its own");
    }
    if (kube::value_of(pod.meta.labels, kIgnore) == "true") {
        throw Error(Status::Invalid,
                    name_of(pod) + " is not ours: it has the label " + std::string(kIgnore));
    }
    for (const auto& [key, value] : pod.meta.labels) {
        told.labels.insert_or_assign(key.text(), value.text());
    }
    for (const auto& [key, value] : pod.meta.annotations) {
        told.annotations.insert_or_assign(key.text(), value.text());
    }
    for (const auto& amount : pod.requests) {
        told.resources.insert_or_assign(amount.resource.text(), amount.count);
    }
    told.keeps_addresses = keeps_addresses(pod, settings);
    return told;
}

void KubePods::count(std::string_view from) const {
    metrics_
        .counter("terway_kube_pod_lookups_total", "Where an ADD's pod was found",
                 {{"from", std::string(from)}})
        .increment();
}

kube::Cache<kube::Pod>::Ptr KubePods::ask(const kube::Key& key,
                                          const endpoint::Operation& operation) {
    try {
        auto pod = client_.get<kube::Pod>(
            key, {operation.stop, std::min(operation.deadline, after(kAskTime))});
        if (pod) {
            count("server");
            return std::make_shared<const kube::Pod>(*std::move(pod));
        }
        log::warning("the API server knows no such pod; going by what the runtime has told");
        count("nowhere");
    } catch (const Error& error) {
        log::warning("the API server does not tell of the pod; going by what the runtime has told",
                     {{"reason", error.what()}});
        count("request");
    }
    return nullptr;
}

PodFacts KubePods::facts(const cni::Request& request, const endpoint::Operation& operation) {
    auto told = endpoint::RequestPodSource().facts(request, operation);
    if (told.name.empty()) {
        return told;
    }
    const kube::Key key{told.pod_namespace, told.name};
    const auto& uid = request.args.pod_uid;
    auto pod =
        pods_.wait_for(key, std::min(operation.deadline, after(settings_.pod_wait)), operation.stop,
                       [&](const kube::Pod& each) { return is_pod(each, uid) && !each.is_over(); });
    if (pod != nullptr) {
        count("cache");
    } else {
        pod = ask(key, operation);
    }
    if (pod == nullptr) {
        return told;
    }
    if (!is_pod(*pod, uid)) {
        throw Error(Status::Retry, "the API server still has another " + name_of(*pod) + " (UID " +
                                       pod->meta.uid.text() + ", the sandbox's is " + uid + ")");
    }
    return facts_of(*pod, std::move(told), settings_);
}

}  // namespace terway::daemon
