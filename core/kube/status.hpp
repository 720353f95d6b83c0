// How the API server says no.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "terway/error.hpp"

namespace terway::kube {

// A "Status" object.
struct Refusal {
    int code = 0;         // as HTTP has it; 0 if it says none
    std::string reason;   // "NotFound", "Expired"; for programs
    std::string message;  // for people
    std::optional<std::chrono::seconds> retry_after{};

    // "404 NotFound: pods "a" not found"
    [[nodiscard]] std::string text() const;
};

// The body of an answer that is no success, and its Retry-After header, which counts for more than
// the body's. What is no Status is told by its first line. Pure.
[[nodiscard]] Refusal read_refusal(int http_status, std::string_view body,
                                   std::string_view retry_after);

// The server refused. The text names verb, path, and what the server says. Its status() is Gone for
// 404 and 410, Retry for 409, 429 and 5xx, Invalid for other 4xx but 401, which is Retry, because
// tokens are renewed.
class ApiError : public Error {
public:
    ApiError(const std::string& what, Refusal refusal);
    [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }
    [[nodiscard]] int code() const noexcept { return refusal_.code; }

private:
    Refusal refusal_;
};

}  // namespace terway::kube
