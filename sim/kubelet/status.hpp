// What a kubelet tells the API server. Pure.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "sim/kubelet/order.hpp"

namespace terway::sim::kubelet {

// A pod before it has a sandbox.
[[nodiscard]] json::object waiting_status(const json::object& pod, const IpAddress& host,
                                          const std::string& now);
[[nodiscard]] json::object running_status(const json::object& pod, const IpAddress& host,
                                          const std::vector<IpAddress>& addresses,
                                          const std::string& now);

[[nodiscard]] json::object new_node(const std::string& name);
[[nodiscard]] json::object node_status(const std::string& name,
                                       const std::vector<IpAddress>& addresses,
                                       const std::string& now);

struct Remark {
    bool is_warning = false;
    std::string reason;
    std::string message;
    std::string component;
    std::string host;
};
// An Event of the API about the pod.
[[nodiscard]] json::object event_about(const PodOrder& order, const Remark& remark,
                                       const std::string& now);

}  // namespace terway::sim::kubelet
