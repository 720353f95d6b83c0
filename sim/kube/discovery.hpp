// What a client asks to learn what there is: /version, /api, /apis, /openapi/v2. Pure.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>

namespace terway::sim::kube {

namespace json = boost::json;

// Nothing for paths that are not about discovery.
[[nodiscard]] std::optional<json::object> discovery(const std::string& path);

// OpenAPI without schemas, which is enough for kubectl: objects are not validated by it, and each
// kind supports dry runs. As a protobuf message, which clients of all ages ask for first.
[[nodiscard]] std::string openapi_protobuf();
[[nodiscard]] json::object openapi_json();

}  // namespace terway::sim::kube
