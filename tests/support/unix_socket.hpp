// The two ends of unix sockets the tests hold themselves.
#pragma once

#include <string>

#include "base/fd.hpp"

namespace terway::test {

// A bound datagram socket; replaces what lies at `path`. Throws Error.
[[nodiscard]] Fd listen_datagram(const std::string& path);

// One HTTP/1.1 GET over the stream socket at `path`; the whole response. Throws Error.
[[nodiscard]] std::string http_get(const std::string& path, const std::string& target);

}  // namespace terway::test
