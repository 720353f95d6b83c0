// Until the library of core/cloud defines them.
#include <utility>

#include "cloud/api_error.hpp"

namespace terway::cloud {

std::string_view name_of(Reaction reaction) {
    return reaction == Reaction::Throttled ? "throttled" : "other";
}

ApiError::ApiError(Reaction reaction, std::string action, std::string code, const std::string& text,
                   std::chrono::milliseconds retry_after)
    : Error(Status::Internal, text),
      reaction_(reaction),
      action_(std::move(action)),
      code_(std::move(code)),
      retry_after_(retry_after) {}

}  // namespace terway::cloud
