#include <string_view>

#include "sim/kube/discovery.hpp"
#include "sim/kube/kind.hpp"

namespace terway::sim::kube {
namespace {

// Field numbers of the messages that stand for an OpenAPI document (gnostic's openapi.v2).
constexpr unsigned kDocumentSwagger = 1;
constexpr unsigned kDocumentInfo = 2;
constexpr unsigned kDocumentPaths = 8;
constexpr unsigned kInfoTitle = 1;
constexpr unsigned kInfoVersion = 2;
constexpr unsigned kPathsPath = 2;
constexpr unsigned kNamedName = 1;
constexpr unsigned kNamedValue = 2;
constexpr unsigned kPathItemPatch = 8;
constexpr unsigned kOperationParameters = 8;
constexpr unsigned kOperationResponses = 9;
constexpr unsigned kOperationExtension = 13;
constexpr unsigned kParametersItemParameter = 1;
constexpr unsigned kParameterNonBody = 2;
constexpr unsigned kNonBodyQuery = 3;
constexpr unsigned kQueryIn = 2;
constexpr unsigned kQueryName = 4;
constexpr unsigned kQueryType = 6;
constexpr unsigned kAnyYaml = 2;

void put_varint(std::string& out, std::size_t value) {
    constexpr std::size_t kMore = 0x80;
    for (; value >= kMore; value >>= 7U) {
        out += static_cast<char>((value & 0x7fU) | kMore);
    }
    out += static_cast<char>(value);
}

// A length-delimited field: text or an embedded message.
std::string field(unsigned number, std::string_view content) {
    constexpr unsigned kDelimited = 2;
    std::string out;
    put_varint(out, (number << 3U) | kDelimited);
    put_varint(out, content.size());
    return out += content;
}

std::string path_of(const Kind& kind, const std::string& version) {
    return (kind.group.empty() ? "/api/" : "/apis/") + group_version(kind.group, version) +
           (kind.namespaced ? "/namespaces/{namespace}/" : "/") + kind.plural + "/{name}";
}

std::string query_parameter(const char* name) {
    const std::string query =
        field(kQueryIn, "query") + field(kQueryName, name) + field(kQueryType, "string");
    return field(
        kOperationParameters,
        field(kParametersItemParameter, field(kParameterNonBody, field(kNonBodyQuery, query))));
}

std::string patch_operation(const Kind& kind, const std::string& version) {
    const std::string yaml =
        "group: \"" + kind.group + "\"\nkind: " + kind.kind + "\nversion: " + version + "\n";
    const std::string extension = field(kNamedName, "x-kubernetes-group-version-kind") +
                                  field(kNamedValue, field(kAnyYaml, yaml));
    return query_parameter("dryRun") + query_parameter("fieldValidation") +
           field(kOperationResponses, "") + field(kOperationExtension, extension);
}

json::object json_operation(const Kind& kind, const std::string& version) {
    const auto parameter = [](const char* name) {
        return json::object{{"in", "query"}, {"name", name}, {"type", "string"}};
    };
    return {{"parameters", json::array{parameter("dryRun"), parameter("fieldValidation")}},
            {"responses", json::object()},
            {"x-kubernetes-group-version-kind",
             json::object{{"group", kind.group}, {"kind", kind.kind}, {"version", version}}}};
}

}  // namespace

std::string openapi_protobuf() {
    std::string paths;
    for (const auto& kind : all_kinds()) {
        for (const auto& version : kind.versions) {
            const std::string item = field(kPathItemPatch, patch_operation(kind, version));
            paths += field(kPathsPath,
                           field(kNamedName, path_of(kind, version)) + field(kNamedValue, item));
        }
    }
    return field(kDocumentSwagger, "2.0") +
           field(kDocumentInfo, field(kInfoTitle, "Kubernetes") + field(kInfoVersion, "v1.28.0")) +
           field(kDocumentPaths, paths);
}

json::object openapi_json() {
    json::object paths;
    for (const auto& kind : all_kinds()) {
        for (const auto& version : kind.versions) {
            paths[path_of(kind, version)] = json::object{{"patch", json_operation(kind, version)}};
        }
    }
    return {{"swagger", "2.0"},
            {"info", json::object{{"title", "Kubernetes"}, {"version", "v1.28.0"}}},
            {"paths", std::move(paths)}};
}

}  // namespace terway::sim::kube
