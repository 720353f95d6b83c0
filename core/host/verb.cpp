#include "host/verb.hpp"

#include <algorithm>
#include <cstring>

namespace terway::host {

Error Answer::as_error(const std::string& context) const {
    std::string text(error.message, ::strnlen(error.message, sizeof error.message));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    const bool known = status >= TWY_INVALID && status <= TWY_INTERNAL;
    return {known ? static_cast<Status>(status) : Status::Internal,
            context + ": " + (text.empty() ? "failed without a reason" : text), error.sys_errno};
}

}  // namespace terway::host
