#include "sim/kube/problem.hpp"

#include <utility>

namespace terway::sim::kube {
namespace {

json::object details_of(const Kind& kind, const std::string& name) {
    json::object details;
    if (!name.empty()) {
        details["name"] = name;
    }
    if (!kind.group.empty()) {
        details["group"] = kind.group;
    }
    details["kind"] = kind.plural;
    return details;
}

std::string subject(const Kind& kind, const std::string& name) {
    return kind.qualified() + " \"" + name + "\"";
}

}  // namespace

json::object status_of(const Problem& problem) {
    json::object status{{"kind", "Status"},           {"apiVersion", "v1"},
                        {"metadata", json::object()}, {"status", "Failure"},
                        {"message", problem.message}, {"reason", problem.reason}};
    json::object details = problem.details;
    if (problem.retry_after) {
        details["retryAfterSeconds"] = *problem.retry_after;
    }
    if (!details.empty()) {
        status["details"] = std::move(details);
    }
    status["code"] = problem.code;
    return status;
}

Problem bad_request(const std::string& message) {
    return {400, "BadRequest", message, {}, {}};
}

Problem unauthorized() {
    return {401, "Unauthorized", "Unauthorized", {}, {}};
}

Problem forbidden(const Kind& kind, const std::string& name, const std::string& why) {
    const std::string what = name.empty() ? kind.qualified() : subject(kind, name);
    return {403, "Forbidden", what + " is forbidden: " + why, details_of(kind, name), {}};
}

Problem not_found(const Kind& kind, const std::string& name) {
    return {404, "NotFound", subject(kind, name) + " not found", details_of(kind, name), {}};
}

Problem no_such_resource() {
    return {404, "NotFound", "the server could not find the requested resource", {}, {}};
}

Problem already_exists(const Kind& kind, const std::string& name) {
    return {
        409, "AlreadyExists", subject(kind, name) + " already exists", details_of(kind, name), {}};
}

Problem conflict(const Kind& kind, const std::string& name, const std::string& why) {
    return {409,
            "Conflict",
            "Operation cannot be fulfilled on " + subject(kind, name) + ": " + why,
            details_of(kind, name),
            {}};
}

Problem invalid(const Kind& kind, const std::string& name, const std::string& field,
                const std::string& why) {
    json::object details;
    details["name"] = name;
    if (!kind.group.empty()) {
        details["group"] = kind.group;
    }
    details["kind"] = kind.kind;
    details["causes"] = json::array{
        json::object{{"reason", "FieldValueInvalid"}, {"message", why}, {"field", field}}};
    const std::string who = kind.group.empty() ? kind.kind : kind.kind + "." + kind.group;
    return {422,
            "Invalid",
            who + " \"" + name + "\" is invalid: " + field + ": " + why,
            std::move(details),
            {}};
}

Problem method_not_allowed() {
    return {405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
            {},
            {}};
}

Problem unsupported_media_type(const std::string& why) {
    return {415, "UnsupportedMediaType", why, {}, {}};
}

Problem expired(const std::string& message) {
    return {410, "Expired", message, {}, {}};
}

Problem too_large_version(std::uint64_t asked, std::uint64_t current) {
    json::object details{
        {"causes", json::array{json::object{{"reason", "ResourceVersionTooLarge"},
                                            {"message", "Too large resource version"}}}}};
    return {504, "Timeout",
            "Too large resource version: " + std::to_string(asked) +
                ", current: " + std::to_string(current),
            std::move(details), 1};
}

}  // namespace terway::sim::kube
