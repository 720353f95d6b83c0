#include "daemon/kube_hooks.hpp"

#include <chrono>

namespace terway::daemon {
namespace {

constexpr std::chrono::seconds kLimitTime{30};

}  // namespace

AddListener add_listener(KubeService* kube) {
    if (kube == nullptr) {
        return {};
    }
    return {[kube](const auto& request, const auto& result, double took) {
                kube->connected(request, result, took);
            },
            [kube](const auto& request, const auto& reason) { kube->refused(request, reason); }};
}

std::function<void(const endpoint::EndpointRecord&, const std::string&)> repair_listener(
    KubeService* kube) {
    if (kube == nullptr) {
        return {};
    }
    return [kube](const auto& record, const auto& found) { kube->repaired(record, found); };
}

std::function<void(const endpoint::EndpointSpec&)> limit_listener(KubeService* kube) {
    if (kube == nullptr) {
        return {};
    }
    return [kube](const auto& spec) { kube->unlimited(spec); };
}

ApplyLimits limiter(endpoint::Manager& manager) {
    return [&manager](const kube::Pod& pod, const endpoint::QosWish& wish) {
        return manager.limit({pod.meta.space.text(), pod.meta.name.text(), pod.meta.uid.text()},
                             wish, {after(kLimitTime), {}, {}});
    };
}

}  // namespace terway::daemon
