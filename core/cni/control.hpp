// Asks the daemon what terwayctl asks.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"

namespace terway::cni {

// The JSON that answers `verb`. Throws Error: what the daemon says is wrong, and as wire.hpp says;
// Gone where no daemon listens.
[[nodiscard]] std::string ask_daemon(const std::string& socket, std::string_view verb,
                                     Deadline connected, Deadline answered);

}  // namespace terway::cni
