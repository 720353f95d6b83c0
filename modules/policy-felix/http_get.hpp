// One question to a server of this node.
#pragma once

#include <chrono>
#include <string>

#include "external_plan.hpp"

namespace terway::felix {

// The beginning of the answer, status line and all. Throws Error(Retry), without the URL, if there
// is none in time.
[[nodiscard]] std::string http_get(const HealthUrl& url, std::chrono::milliseconds limit);

}  // namespace terway::felix
