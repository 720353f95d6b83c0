#include "sim/kubelet/order.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace terway::sim::kubelet {

PodOrder order_of(const kube::Key& key, const kube::ObjectPtr& pod) {
    const auto* host_network = kube::at_path(pod->value, {"spec", "hostNetwork"});
    return {key, kube::meta_text(pod->value, "uid"),
            host_network != nullptr && host_network->is_bool() && host_network->get_bool(),
            !kube::meta_text(pod->value, "deletionTimestamp").empty(), pod};
}

json::object annotations_of(const json::object& pod) {
    const auto* found = kube::at_path(pod, {"metadata", "annotations"});
    const auto* object = found == nullptr ? nullptr : found->if_object();
    return object == nullptr ? json::object() : *object;
}

std::string container_id(const PodOrder& order, unsigned attempt) {
    auto id = order.uid;
    id.erase(std::remove(id.begin(), id.end(), '-'), id.end());
    return fmt::format("{}{:032x}", id, attempt);
}

std::string cni_args(const PodOrder& order, const std::string& container) {
    return "IgnoreUnknown=1;K8S_POD_NAMESPACE=" + order.key.space +
           ";K8S_POD_NAME=" + order.key.name + ";K8S_POD_INFRA_CONTAINER_ID=" + container +
           ";K8S_POD_UID=" + order.uid;
}

}  // namespace terway::sim::kubelet
