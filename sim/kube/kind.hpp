// The kinds of objects the API serves. Plain data.
#pragma once

#include <string>
#include <vector>

namespace terway::sim::kube {

struct Kind {
    std::string group;                  // "" for the core
    std::vector<std::string> versions;  // the preferred one first
    std::string plural;
    std::string singular;
    std::string kind;
    bool namespaced = true;
    bool has_status = false;  // as a subresource
    std::vector<std::string> short_names;
    std::string bucket = {};  // where objects are kept, if not under their own name

    // "pods", "networkpolicies.networking.k8s.io".
    [[nodiscard]] std::string qualified() const {
        return group.empty() ? plural : plural + "." + group;
    }
    [[nodiscard]] std::string stored() const { return bucket.empty() ? qualified() : bucket; }
};

[[nodiscard]] const std::vector<Kind>& all_kinds();
// nullptr if there is none.
[[nodiscard]] const Kind* find_kind(const std::string& group, const std::string& version,
                                    const std::string& plural);
// By "pods" or "networkpolicies.networking.k8s.io"; must exist.
[[nodiscard]] const Kind& kind_named(const std::string& qualified);
// "v1", "apps/v1".
[[nodiscard]] std::string group_version(const std::string& group, const std::string& version);

}  // namespace terway::sim::kube
