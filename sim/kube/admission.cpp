#include "sim/kube/admission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "sim/kube/service_defaults.hpp"

namespace terway::sim::kube {
namespace {

std::uint64_t mixed(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15U;
    value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

bool is_lower_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_label(const std::string& text) {
    constexpr std::size_t kLongest = 63;
    return !text.empty() && text.size() <= kLongest && is_lower_alnum(text.front()) &&
           is_lower_alnum(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
               return is_lower_alnum(c) || c == '-';
           });
}

bool is_subdomain(const std::string& text) {
    constexpr std::size_t kLongest = 253;
    std::string part;
    for (const char c : text + ".") {
        if (c != '.') {
            part += c;
        } else if (part.empty() || !is_lower_alnum(part.front()) || !is_lower_alnum(part.back())) {
            return false;
        } else {
            part.clear();
        }
    }
    return text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
               return is_lower_alnum(c) || c == '-' || c == '.';
           });
}

void check_name(const Kind& kind, const std::string& name) {
    if (name.empty()) {
        Problem missing = invalid(kind, name, "metadata.name",
                                  "Required value: name or generateName is required");
        throw missing;
    }
    const auto wrong = [&](const std::string& why) {
        throw invalid(kind, name, "metadata.name", "Invalid value: \"" + name + "\": " + why);
    };
    if (kind.group == "rbac.authorization.k8s.io") {
        if (name == "." || name == ".." || name.find_first_of("/%") != std::string::npos) {
            wrong("may not contain '/' or '%'");
        }
    } else if (kind.plural == "namespaces" || kind.plural == "services") {
        const bool digit_first = kind.plural == "services" && name.front() <= '9';
        if (!is_label(name) || digit_first) {
            wrong(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
                "'-', and must start and end with an alphanumeric character");
        }
    } else if (!is_subdomain(name)) {
        wrong(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            "'-' or '.', and must start and end with an alphanumeric character");
    }
}

void check_texts(const json::object& object, const Kind& kind, const char* member) {
    const json::value* texts = at_path(object, {"metadata", member});
    if (texts == nullptr || texts->is_null()) {
        return;
    }
    if (!texts->is_object()) {
        throw bad_request(std::string("metadata.") + member + ": is no map");
    }
    for (const auto& [key, value] : texts->get_object()) {
        if (!value.is_string()) {
            throw bad_request(
                fmt::format("{} in version \"v1\" cannot be handled as a {}: "
                            "metadata.{}.{}: is no string",
                            kind.kind, kind.kind, member, std::string(key)));
        }
    }
}

void default_pod(json::object& pod) {
    json::object& spec = child_of(pod, "spec");
    const auto fill = [](json::object& into, const char* member, const json::value& value) {
        if (!into.contains(member)) {
            into[member] = value;
        }
    };
    fill(spec, "restartPolicy", "Always");
    fill(spec, "terminationGracePeriodSeconds", 30);
    fill(spec, "dnsPolicy", "ClusterFirst");
    fill(spec, "schedulerName", "default-scheduler");
    fill(child_of(pod, "status"), "phase", "Pending");
    fill(child_of(pod, "status"), "qosClass", "BestEffort");
}

void default_policy(json::object& policy) {
    json::object& spec = child_of(policy, "spec");
    if (!spec.contains("policyTypes")) {
        json::array types{"Ingress"};
        if (spec.contains("egress")) {
            types.push_back("Egress");
        }
        spec["policyTypes"] = types;
    }
}

void default_namespace(json::object& space, const std::string& name) {
    child_of(space, "spec")["finalizers"] = json::array{"kubernetes"};
    child_of(space, "status")["phase"] = "Active";
    child_of(metadata_of(space), "labels")["kubernetes.io/metadata.name"] = name;
}

bool has_generation(const Kind& kind) {
    return kind.group == "apps" || kind.group == "networking.k8s.io" ||
           kind.group == "apiextensions.k8s.io" || kind.group == "discovery.k8s.io";
}

// `member` of metadata as it was.
void keep_meta(json::object& object, const json::object& before, const char* member) {
    const json::value* old = at_path(before, {"metadata", member});
    if (old == nullptr) {
        metadata_of(object).erase(member);
    } else {
        metadata_of(object)[member] = *old;
    }
}

void keep(json::object& object, const json::object& before, const char* member) {
    const json::value* old = before.if_contains(member);
    if (old == nullptr) {
        object.erase(member);
    } else {
        object[member] = *old;
    }
}

void keep_identity(json::object& object, const json::object& before) {
    for (const char* member : {"name", "namespace", "uid", "creationTimestamp", "generateName",
                               "deletionTimestamp", "deletionGracePeriodSeconds", "generation"}) {
        keep_meta(object, before, member);
    }
}

void refuse_change(const json::object& object, const json::object& before, const Kind& kind,
                   std::initializer_list<const char*> path, const std::string& field) {
    const std::string old = text_at(before, path);
    if (!old.empty() && text_at(object, path) != old) {
        throw invalid(kind, meta_text(before, "name"), field,
                      "Invalid value: \"" + text_at(object, path) + "\": field is immutable");
    }
}

}  // namespace

std::string kube_time(WallTime time) {
    const std::time_t seconds =
        std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), size};
}

std::string uid_of(std::uint64_t draw) {
    const std::uint64_t one = mixed(draw);
    const std::uint64_t two = mixed(~draw);
    return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", one >> 32U, (one >> 16U) & 0xffffU,
                       one & 0xfffU, two >> 52U, two & 0xffffffffffffU);
}

std::string random_suffix(std::uint64_t draw) {
    constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
    std::string suffix;
    for (std::uint64_t rest = mixed(draw ^ 0x5bd1e995U); suffix.size() < 5;
         rest /= kLetters.size()) {
        suffix += kLetters[rest % kLetters.size()];
    }
    return suffix;
}

void admit_new(json::object& object, const Kind& kind, const std::string& space,
               const Surroundings& around, const Store& store) {
    json::object& meta = metadata_of(object);
    std::string name = meta_text(object, "name");
    const std::string prefix = meta_text(object, "generateName");
    if (name.empty() && !prefix.empty()) {
        name = prefix + random_suffix(around.draw);
        meta["name"] = name;
    }
    check_name(kind, name);
    const std::string named = meta_text(object, "namespace");
    if (!named.empty() && named != space) {
        throw bad_request(
            "the namespace of the provided object does not match the namespace sent "
            "on the request");
    }
    if (kind.namespaced) {
        meta["namespace"] = space;
    } else {
        meta.erase("namespace");
    }
    check_texts(object, kind, "labels");
    check_texts(object, kind, "annotations");
    for (const char* member : {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink",
                               "resourceVersion", "managedFields"}) {
        meta.erase(member);
    }
    meta["uid"] = uid_of(around.draw);
    meta["creationTimestamp"] = kube_time(around.now);
    if (has_generation(kind)) {
        meta["generation"] = 1;
    }
    if (kind.has_status && kind.plural != "nodes") {
        object.erase("status");
    }
    if (kind.qualified() == "pods") {
        default_pod(object);
    } else if (kind.qualified() == "services") {
        default_service(object, around.services, store);
    } else if (kind.plural == "endpointslices") {
        default_slice(object, kind);
    } else if (kind.qualified() == "namespaces") {
        default_namespace(object, name);
    } else if (kind.plural == "networkpolicies") {
        default_policy(object);
    }
}

void admit_update(json::object& object, const Kind& kind, const json::object& before) {
    check_texts(object, kind, "labels");
    check_texts(object, kind, "annotations");
    keep_identity(object, before);
    if (kind.has_status) {
        keep(object, before, "status");
    }
    if (kind.qualified() == "pods") {
        refuse_change(object, before, kind, {"spec", "nodeName"}, "spec.nodeName");
    } else if (kind.qualified() == "services") {
        if (text_at(object, {"spec", "clusterIP"}).empty()) {
            if (const json::value* old = at_path(before, {"spec", "clusterIP"})) {
                child_of(object, "spec")["clusterIP"] = *old;
            }
        }
        refuse_change(object, before, kind, {"spec", "clusterIP"}, "spec.clusterIPs[0]");
    } else if (kind.qualified() == "namespaces") {
        keep(object, before, "spec");
    } else if (kind.group == "rbac.authorization.k8s.io") {
        refuse_change(object, before, kind, {"roleRef", "name"}, "roleRef");
    }
    const json::value* generation = at_path(before, {"metadata", "generation"});
    const json::value* now = object.if_contains("spec");
    const json::value* then = before.if_contains("spec");
    const bool same = (now == nullptr) == (then == nullptr) && (now == nullptr || *now == *then);
    if (generation != nullptr && generation->is_int64() && !same) {
        metadata_of(object)["generation"] = generation->get_int64() + 1;
    }
}

void admit_status(json::object& object, const Kind& kind, const json::object& before) {
    check_texts(object, kind, "labels");
    check_texts(object, kind, "annotations");
    const bool meta_too = kind.qualified() == "pods" || kind.qualified() == "nodes";
    json::object made = before;
    if (meta_too) {
        for (const char* member : {"labels", "annotations"}) {
            if (const json::value* value = at_path(object, {"metadata", member})) {
                metadata_of(made)[member] = *value;
            } else {
                metadata_of(made).erase(member);
            }
        }
    }
    keep(made, object, "status");
    object = std::move(made);
}

}  // namespace terway::sim::kube
