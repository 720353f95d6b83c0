#include "cloud/api_error.hpp"

namespace terway::cloud {

ApiError::ApiError(Reaction reaction, std::string action, std::string code, const std::string& text,
                   std::chrono::milliseconds retry_after)
    : Error(Status::Retry, action + ": " + code + ": " + text),
      reaction_(reaction),
      action_(std::move(action)),
      code_(std::move(code)),
      retry_after_(retry_after) {}

}  // namespace terway::cloud
