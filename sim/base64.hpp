#pragma once

#include <string>

namespace terway::sim {

// RFC 4648, padded.
[[nodiscard]] std::string base64(const std::string& bytes);

}  // namespace terway::sim
