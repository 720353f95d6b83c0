// Text for a path or a query. Pure.
#pragma once

#include <string>
#include <string_view>

namespace terway::http {

// Everything but A-Z a-z 0-9 - _ . ~ becomes %XX (RFC 3986, 2.3).
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace terway::http
