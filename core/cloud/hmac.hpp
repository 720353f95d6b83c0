// Keyed digests and the text forms of bytes, for signatures. Pure.
#pragma once

#include <string>
#include <string_view>

namespace terway::cloud {

// RFC 2104; raw bytes, 20 and 32 of them.
[[nodiscard]] std::string hmac_sha1(std::string_view key, std::string_view message);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view message);

[[nodiscard]] std::string hex(std::string_view bytes);     // lower case
[[nodiscard]] std::string base64(std::string_view bytes);  // RFC 4648, padded

}  // namespace terway::cloud
