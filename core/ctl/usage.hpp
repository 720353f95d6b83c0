// What --help prints. Pure.
#pragma once

#include <string>
#include <string_view>

namespace terway::ctl {

// Of all verbs.
[[nodiscard]] std::string usage();
// Of the verb that the words begin with ("policy trace shop/web"), or of all that begin with the
// words ("policy"); empty if there is none.
[[nodiscard]] std::string usage_of(std::string_view words);

}  // namespace terway::ctl
