// SHA-1 and SHA-256, for names and for recognising files; nothing here is secret.
#pragma once

#include <string>
#include <string_view>

namespace terway {

// Lower-case hex digits, 40 and 64 of them. Pure.
[[nodiscard]] std::string sha1_hex(std::string_view bytes);
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace terway
