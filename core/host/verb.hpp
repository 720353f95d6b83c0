// One call through the C contract: whatever comes back becomes a value.
#pragma once

#include <string>

#include "terway/abi.h"
#include "terway/error.hpp"
#include "terway/module.hpp"
#include "terway/types.hpp"

namespace terway::host {

struct Answer {
    twy_status status = TWY_OK;
    twy_error error = sdk::sized<twy_error>();

    [[nodiscard]] bool ok() const noexcept { return status == TWY_OK; }
    // "context: text", on one clean line; a nonsensical status is Internal. Not if ok().
    [[nodiscard]] Error as_error(const std::string& context) const;
};

// Runs `verb`, which takes a twy_error* and answers a twy_status. An exception that a module lets
// out in spite of the contract is Internal.
template <class Verb>
[[nodiscard]] Answer run_verb(Verb&& verb) noexcept {
    Answer answer;
    twy_status status = TWY_INTERNAL;
    const twy_status escaped = sdk::guarded(&answer.error, [&] { status = verb(&answer.error); });
    answer.status = escaped == TWY_OK ? status : escaped;
    return answer;
}

}  // namespace terway::host
