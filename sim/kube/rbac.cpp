#include "sim/kube/rbac.hpp"

#include <algorithm>

namespace terway::sim::kube {
namespace {

constexpr const char* kClusterRoles = "clusterroles.rbac.authorization.k8s.io";
constexpr const char* kRoles = "roles.rbac.authorization.k8s.io";
constexpr const char* kClusterBindings = "clusterrolebindings.rbac.authorization.k8s.io";
constexpr const char* kBindings = "rolebindings.rbac.authorization.k8s.io";

const json::array& list_of(const json::object& from, const char* member) {
    static const json::array none;
    const json::value* found = from.if_contains(member);
    return found == nullptr || !found->is_array() ? none : found->get_array();
}

bool names(const json::array& list, const std::string& wanted) {
    return std::any_of(list.begin(), list.end(), [&](const json::value& one) {
        return one == json::value(wanted) || one == "*";
    });
}

bool names_resource(const json::array& list, const std::string& resource) {
    const auto slash = resource.find('/');
    const std::string any_parent = slash == std::string::npos ? "" : "*" + resource.substr(slash);
    return names(list, resource) ||
           (!any_parent.empty() &&
            std::find(list.begin(), list.end(), json::value(any_parent)) != list.end());
}

bool allows(const json::object& rule, const Deed& deed) {
    const json::array& only = list_of(rule, "resourceNames");
    return names(list_of(rule, "verbs"), deed.verb) &&
           names(list_of(rule, "apiGroups"), deed.group) &&
           names_resource(list_of(rule, "resources"), deed.resource) &&
           (only.empty() ||
            std::find(only.begin(), only.end(), json::value(deed.name)) != only.end());
}

bool is_subject(const json::object& subject, const Asker& asker, const std::string& space) {
    const std::string kind = text_at(subject, {"kind"});
    const std::string name = text_at(subject, {"name"});
    if (kind == "Group") {
        return std::find(asker.groups.begin(), asker.groups.end(), name) != asker.groups.end();
    }
    if (kind == "ServiceAccount") {
        const std::string own = text_at(subject, {"namespace"});
        return asker.user == "system:serviceaccount:" + (own.empty() ? space : own) + ":" + name;
    }
    return kind == "User" && name == asker.user;
}

bool binds(const json::object& binding, const Asker& asker, const std::string& space) {
    const json::array& subjects = list_of(binding, "subjects");
    return std::any_of(subjects.begin(), subjects.end(), [&](const json::value& subject) {
        return subject.is_object() && is_subject(subject.get_object(), asker, space);
    });
}

bool role_allows(const Store& store, const json::object& binding, const std::string& space,
                 const Deed& deed) {
    const std::string name = text_at(binding, {"roleRef", "name"});
    const bool of_cluster = text_at(binding, {"roleRef", "kind"}) == "ClusterRole";
    const ObjectPtr role =
        of_cluster ? store.find(kClusterRoles, {"", name}) : store.find(kRoles, {space, name});
    if (!role) {
        return false;
    }
    const json::array& rules = list_of(role->value, "rules");
    return std::any_of(rules.begin(), rules.end(), [&](const json::value& rule) {
        return rule.is_object() && allows(rule.get_object(), deed);
    });
}

bool any_binding(const Store& store, const char* bucket, const std::string& space,
                 const Asker& asker, const Deed& deed) {
    const auto page = store.list(
        bucket, space,
        [&](const Key& key, const Object& binding) {
            return binds(binding.value, asker, key.space) &&
                   role_allows(store, binding.value, key.space, deed);
        },
        0, {}, 1);
    return !page.items.empty();
}

}  // namespace

Deed deed_of(const Call& call) {
    return {call.verb, call.kind->group,
            call.kind->plural + (call.subresource.empty() ? "" : "/" + call.subresource),
            call.space, call.name};
}

bool may(const Store& store, const Asker& asker, const Deed& deed) {
    const auto& groups = asker.groups;
    return std::find(groups.begin(), groups.end(), "system:masters") != groups.end() ||
           any_binding(store, kClusterBindings, "", asker, deed) ||
           (!deed.space.empty() && any_binding(store, kBindings, deed.space, asker, deed));
}

std::string refusal_of(const Asker& asker, const Deed& deed) {
    const std::string where =
        deed.space.empty() ? "at the cluster scope" : "in the namespace \"" + deed.space + "\"";
    return "User \"" + asker.user + "\" cannot " + deed.verb + " resource \"" + deed.resource +
           "\" in API group \"" + deed.group + "\" " + where;
}

}  // namespace terway::sim::kube
