// SHA-1 and SHA-256 (FIPS 180-4), for names and for recognising files; nothing here is secret.
//
// Not from OpenSSL, because merely to ask it for a digest makes a daemon 3 MiB larger.
#pragma once

#include <string>
#include <string_view>

namespace terway {

// Lower-case hex digits, 40 and 64 of them. Pure.
[[nodiscard]] std::string sha1_hex(std::string_view bytes);
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace terway
