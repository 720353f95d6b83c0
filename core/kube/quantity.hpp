// Kubernetes quantities of things that are counted: "3", "1k", "2Ki". Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace terway::kube {

// 0 for what is no whole number of things; the largest number for what does not fit.
[[nodiscard]] std::uint64_t parse_count(std::string_view text);

}  // namespace terway::kube
