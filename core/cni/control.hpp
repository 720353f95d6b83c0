// Asks the daemon what terwayctl asks.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace terway::cni {

// The JSON that answers `verb`. Throws Error: what the daemon says is wrong, and as wire.hpp says;
// Gone where no daemon listens.
[[nodiscard]] std::string ask_daemon(const std::string& socket, std::string_view verb,
                                     Deadline connected, Deadline answered);

// Gives each JSON object that the daemon answers `request` with, a JSON object too, to `part`. Ends
// with an Error only, as above; Gone when the daemon ends.
[[noreturn]] void follow_daemon(const std::string& socket, const std::string& request,
                                Deadline connected,
                                const std::function<void(const std::string&)>& part);

}  // namespace terway::cni
