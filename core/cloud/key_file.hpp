// Static keys in a file that only root can read:
//     access_key_id = "LTAI..."
//     access_key_secret = "..."
//     security_token = "..."      # only with temporary keys
#pragma once

#include <string>
#include <string_view>

#include "cloud/credentials.hpp"

namespace terway::cloud {

// `name` is the file's, for complaints: Error(Invalid) with file and line, never with a value.
// Pure.
[[nodiscard]] Credentials parse_key_file(std::string_view text, const std::string& name);

// Throws Error(Gone) if there is no such file; Error(Invalid) if it is not a regular file of root's
// that is closed to everybody else, saying which command sets that right.
[[nodiscard]] Credentials read_key_file(const std::string& path);

}  // namespace terway::cloud
