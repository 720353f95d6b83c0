// What a Kubernetes API server says when it refuses: a Status object and its HTTP code.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>

#include "sim/kube/kind.hpp"

namespace terway::sim::kube {

namespace json = boost::json;

// Thrown by whatever refuses a request; the API makes an answer of it.
struct Problem {
    unsigned code = 500;
    std::string reason;  // "NotFound", as in the API's StatusReason
    std::string message;
    json::object details;
    std::optional<unsigned> retry_after;  // seconds
};

[[nodiscard]] json::object status_of(const Problem& problem);

[[nodiscard]] Problem bad_request(const std::string& message);
[[nodiscard]] Problem unauthorized();
[[nodiscard]] Problem forbidden(const Kind& kind, const std::string& name, const std::string& why);
[[nodiscard]] Problem not_found(const Kind& kind, const std::string& name);
[[nodiscard]] Problem no_such_resource();
[[nodiscard]] Problem already_exists(const Kind& kind, const std::string& name);
[[nodiscard]] Problem conflict(const Kind& kind, const std::string& name, const std::string& why);
// `field` is a path such as "metadata.name".
[[nodiscard]] Problem invalid(const Kind& kind, const std::string& name, const std::string& field,
                              const std::string& why);
[[nodiscard]] Problem method_not_allowed();
[[nodiscard]] Problem unsupported_media_type(const std::string& why);
[[nodiscard]] Problem expired(const std::string& message);
// A resourceVersion of the future.
[[nodiscard]] Problem too_large_version(std::uint64_t asked, std::uint64_t current);

}  // namespace terway::sim::kube
