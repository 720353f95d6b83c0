// How a pod's packets stand against those of other pods of its ENI. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace terway::endpoint {

// As twy_endpoint.priority has it.
enum class Priority : std::uint8_t { None = 0, Guaranteed = 1, Burstable = 2, BestEffort = 3 };

[[nodiscard]] std::string_view name_of(Priority priority);  // "" "guaranteed" ...
[[nodiscard]] std::optional<Priority> priority_by_name(std::string_view name);

// What the annotation k8s.aliyun.com/network-priority asks for. Throws Error(Invalid) naming
// annotation, value and accepted form.
[[nodiscard]] Priority priority_of(const std::map<std::string, std::string>& annotations);

}  // namespace terway::endpoint
