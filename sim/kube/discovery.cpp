#include "sim/kube/discovery.hpp"

#include <algorithm>
#include <map>

#include "sim/kube/call.hpp"
#include "sim/kube/kind.hpp"

namespace terway::sim::kube {
namespace {

json::object version() {
    return {{"major", "1"},    {"minor", "28"},           {"gitVersion", "v1.28.0+terway-sim"},
            {"gitCommit", ""}, {"gitTreeState", "clean"}, {"buildDate", "1970-01-01T00:00:00Z"},
            {"goVersion", ""}, {"compiler", ""},          {"platform", "linux/amd64"}};
}

json::array all_verbs() {
    return {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
}

json::object subresource(const Kind& kind, const char* name) {
    return {{"name", kind.plural + "/" + name},
            {"singularName", ""},
            {"namespaced", kind.namespaced},
            {"kind", kind.kind},
            {"verbs", json::array{"get", "patch", "update"}}};
}

void add_kind(json::array& resources, const Kind& kind) {
    resources.push_back(json::object{{"name", kind.plural},
                                     {"singularName", kind.singular},
                                     {"namespaced", kind.namespaced},
                                     {"kind", kind.kind},
                                     {"verbs", all_verbs()},
                                     {"shortNames", json::value_from(kind.short_names)}});
    if (kind.has_status) {
        resources.push_back(subresource(kind, "status"));
    }
    if (kind.plural != "pods") {
        return;
    }
    for (const auto& [name, made] : {std::pair{"binding", "Binding"}, {"eviction", "Eviction"}}) {
        json::object one = subresource(kind, name);
        one["kind"] = made;
        one["verbs"] = json::array{"create"};
        if (std::string(name) == "eviction") {
            one["group"] = "policy";
            one["version"] = "v1";
        }
        resources.push_back(std::move(one));
    }
}

std::optional<json::object> resources_of(const std::string& group, const std::string& version) {
    json::array resources;
    for (const auto& kind : all_kinds()) {
        if (kind.group == group && find_kind(group, version, kind.plural) == &kind) {
            add_kind(resources, kind);
        }
    }
    if (group == "authorization.k8s.io" && version == "v1") {
        resources.push_back(json::object{{"name", "selfsubjectaccessreviews"},
                                         {"singularName", "selfsubjectaccessreview"},
                                         {"namespaced", false},
                                         {"kind", "SelfSubjectAccessReview"},
                                         {"verbs", json::array{"create"}}});
    }
    if (resources.empty()) {
        return std::nullopt;
    }
    return json::object{{"kind", "APIResourceList"},
                        {"apiVersion", "v1"},
                        {"groupVersion", group_version(group, version)},
                        {"resources", std::move(resources)}};
}

std::map<std::string, std::vector<std::string>> groups() {
    std::map<std::string, std::vector<std::string>> all{{"authorization.k8s.io", {"v1"}}};
    for (const auto& kind : all_kinds()) {
        auto& versions = all[kind.group];
        for (const auto& version : kind.versions) {
            if (std::find(versions.begin(), versions.end(), version) == versions.end()) {
                versions.push_back(version);
            }
        }
    }
    all.erase("");
    return all;
}

json::object group_object(const std::string& name, const std::vector<std::string>& versions) {
    json::array list;
    for (const auto& version : versions) {
        list.push_back(
            json::object{{"groupVersion", group_version(name, version)}, {"version", version}});
    }
    const json::value preferred = list.front();
    return {{"name", name}, {"versions", std::move(list)}, {"preferredVersion", preferred}};
}

json::object group_list() {
    json::array list;
    for (const auto& [name, versions] : groups()) {
        list.push_back(group_object(name, versions));
    }
    return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}};
}

json::object core_versions() {
    return {{"kind", "APIVersions"},
            {"versions", json::array{"v1"}},
            {"serverAddressByClientCIDRs", json::array()}};
}

}  // namespace

std::optional<json::object> discovery(const std::string& path) {
    const auto parts = path_segments(path);
    if (parts.empty()) {
        return std::nullopt;
    }
    if (parts == std::vector<std::string>{"version"}) {
        return version();
    }
    if (parts[0] == "api" && parts.size() <= 2) {
        return parts.size() == 1 ? core_versions() : resources_of("", parts[1]);
    }
    if (parts[0] != "apis" || parts.size() > 3) {
        return std::nullopt;
    }
    if (parts.size() == 1) {
        return group_list();
    }
    if (parts.size() == 3) {
        return resources_of(parts[1], parts[2]);
    }
    const auto all = groups();
    const auto found = all.find(parts[1]);
    if (found == all.end()) {
        return std::nullopt;
    }
    json::object group = group_object(found->first, found->second);
    group["kind"] = "APIGroup";
    group["apiVersion"] = "v1";
    return group;
}

}  // namespace terway::sim::kube
