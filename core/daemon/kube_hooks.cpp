#include "daemon/kube_hooks.hpp"

namespace terway::daemon {

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

}  // namespace terway::daemon
