// Base64 as kubeconfig files have it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace terway::kube {

// White space between the letters is passed over. Nothing if it is not base64.
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace terway::kube
