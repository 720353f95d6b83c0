// The devices the kubelet sees, made of counts. Pure.
//
// A device is a place for a pod, not an ENI: "eni-0", "eni-1" and so on. Which ENI a pod gets is
// the daemon's choice at ADD.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "deviced/supply.hpp"

namespace terway::deviced {

using Index = std::size_t;

struct Device {
    std::string id;
    bool healthy = true;

    bool operator==(const Device&) const = default;
};
using DeviceList = std::vector<Device>;

[[nodiscard]] std::string device_id(Index index);
// Nothing for what device_id() never says, "eni-01" for example.
[[nodiscard]] std::optional<Index> device_index(std::string_view id);

// How many devices are healthy. Never fewer than pods that have an ENI: a kubelet that restarts
// refuses a running pod whose device is unhealthy. No new pod comes in by that, because those that
// have one count against it.
[[nodiscard]] std::size_t healthy_count(const Supply& supply);

// `total` devices, `healthy` of them healthy. What is unhealthy has not been given to a pod, as
// long as there is such a device, and has the highest number.
[[nodiscard]] DeviceList list_devices(std::size_t total, std::size_t healthy,
                                      const std::set<Index>& given);

// `size` of `available`: those of `must`, then the lowest numbers. Fewer if there are not so many.
[[nodiscard]] std::vector<std::string> prefer(std::vector<std::string> available,
                                              std::vector<std::string> must, std::size_t size);

}  // namespace terway::deviced
