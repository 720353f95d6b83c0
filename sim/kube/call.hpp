// What an HTTP request means to the API. Pure.
#pragma once

#include <string>
#include <vector>

#include "sim/cloud/signature.hpp"
#include "sim/kube/kind.hpp"

namespace terway::sim::kube {

struct Asker {
    std::string user;
    std::vector<std::string> groups;
};

struct Call {
    std::string verb;  // get list watch create update patch delete deletecollection
    const Kind* kind = nullptr;
    std::string version;  // as asked for: "v1beta1"
    std::string space;
    std::string name;
    std::string subresource;
    Parameters query;
    std::string body;
    std::string content_type;
    std::string accept;

    [[nodiscard]] std::string option(const std::string& key) const;
    [[nodiscard]] bool flag(const std::string& key) const;
    // 0 if absent; throws Problem (400).
    [[nodiscard]] std::uint64_t number(const std::string& key) const;
    // "list pods", "patch nodes/status".
    [[nodiscard]] std::string action() const;
    // Either to a stored object's resource or an access review and the like.
    [[nodiscard]] std::string api_version() const { return group_version(kind->group, version); }
    [[nodiscard]] bool dry_run() const { return option("dryRun") == "All"; }
};

// Throws Problem (404) for paths below /api and /apis that lead nowhere, (405) for methods.
[[nodiscard]] Call call_of(const HttpRequest& request);
// "/apis/apps/v1" -> "apis", "apps", "v1".
[[nodiscard]] std::vector<std::string> path_segments(const std::string& path);

}  // namespace terway::sim::kube
