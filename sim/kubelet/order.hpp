// A pod as its kubelet needs it. Pure.
#pragma once

#include <string>

#include "sim/kube/store.hpp"

namespace terway::sim::kubelet {

namespace json = boost::json;

struct PodOrder {
    kube::Key key;
    std::string uid;
    bool host_network = false;
    bool leaving = false;  // somebody has deleted it
    kube::ObjectPtr pod;
};

[[nodiscard]] PodOrder order_of(const kube::Key& key, const kube::ObjectPtr& pod);
[[nodiscard]] json::object annotations_of(const json::object& pod);

// One attempt's, never the same again.
[[nodiscard]] std::string container_id(const PodOrder& order, unsigned attempt);
// CNI_ARGS, as container runtimes have them.
[[nodiscard]] std::string cni_args(const PodOrder& order, const std::string& container);

}  // namespace terway::sim::kubelet
