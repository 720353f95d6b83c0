#include "sim/kube/cluster.hpp"

#include <utility>

#include "sim/kube/patch.hpp"

namespace terway::sim::kube {
namespace {

constexpr const char* kModified =
    "the object has been modified; please apply your changes to the latest version and try again";
constexpr const char* kMergePatch = "application/merge-patch+json";
constexpr const char* kStrategicPatch = "application/strategic-merge-patch+json";
constexpr const char* kJsonPatch = "application/json-patch+json";

bool everything(const Key& /*key*/, const Object& /*object*/) {
    return true;
}

bool has_finalizers(const json::object& object) {
    const json::value* list = at_path(object, {"metadata", "finalizers"});
    return list != nullptr && list->is_array() && !list->get_array().empty();
}

bool is_deleting(const json::object& object) {
    return !meta_text(object, "deletionTimestamp").empty();
}

bool is_pod(const Kind& kind) {
    return kind.qualified() == "pods";
}

// How long a pod may take to end; 0 if nothing has to be waited for.
std::int64_t grace_of(const json::object& pod, const DeleteOptions& options) {
    const std::string phase = text_at(pod, {"status", "phase"});
    if (text_at(pod, {"spec", "nodeName"}).empty() || phase == "Succeeded" || phase == "Failed") {
        return 0;
    }
    if (options.grace) {
        return *options.grace;
    }
    constexpr std::int64_t kDefault = 30;
    const json::value* own = at_path(pod, {"spec", "terminationGracePeriodSeconds"});
    return own != nullptr && own->is_int64() ? own->get_int64() : kDefault;
}

std::int64_t remaining_grace(const json::object& object) {
    const json::value* grace = at_path(object, {"metadata", "deletionGracePeriodSeconds"});
    return grace != nullptr && grace->is_int64() ? grace->get_int64() : 0;
}

ObjectPtr pretended(json::object value) {
    auto object = std::make_shared<Object>();
    object->text = json::serialize(value);
    object->value = std::move(value);
    return object;
}

}  // namespace

Cluster::Cluster(const ClusterOptions& options, WallTime now)
    : options_(options), store_(options.history), drawn_(options.seed << 32U) {
    found(now);
}

void Cluster::found(WallTime now) {
    const When when{now, false};
    const auto make = [&](const char* kind, const char* name, json::object object) {
        metadata_of(object)["name"] = name;
        (void)create(kind_named(kind), "", std::move(object), when);
    };
    for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
        make("namespaces", name, {});
    }
    constexpr std::int64_t kCritical = 2000000000;
    make("priorityclasses.scheduling.k8s.io", "system-cluster-critical", {{"value", kCritical}});
    make("priorityclasses.scheduling.k8s.io", "system-node-critical",
         {{"value", kCritical + 1000}});
    const json::array all{"*"};
    make("clusterroles.rbac.authorization.k8s.io", "cluster-admin",
         {{"rules",
           json::array{json::object{{"apiGroups", all}, {"resources", all}, {"verbs", all}}}}});
    make("clusterrolebindings.rbac.authorization.k8s.io", "cluster-admin",
         {{"roleRef",
           {{"apiGroup", "rbac.authorization.k8s.io"},
            {"kind", "ClusterRole"},
            {"name", "cluster-admin"}}},
          {"subjects", json::array{json::object{{"apiGroup", "rbac.authorization.k8s.io"},
                                                {"kind", "Group"},
                                                {"name", "system:masters"}}}}});
    json::object service{
        {"metadata", {{"name", "kubernetes"}}},
        {"spec",
         {{"ports",
           json::array{json::object{{"name", "https"}, {"port", 443}, {"targetPort", 6443}}}}}}};
    (void)create(kind_named("services"), "default", std::move(service), when);
}

ObjectPtr Cluster::get(const Kind& kind, const Key& key) const {
    ObjectPtr object = store_.find(kind.stored(), key);
    if (!object) {
        throw not_found(kind, key.name);
    }
    return object;
}

void Cluster::check_namespace(const Kind& kind, const std::string& space,
                              const std::string& name) const {
    if (!kind.namespaced) {
        return;
    }
    const Kind& spaces = kind_named("namespaces");
    const ObjectPtr found = get(spaces, {"", space});
    if (is_deleting(found->value)) {
        throw forbidden(kind, name,
                        "unable to create new content in namespace " + space +
                            " because it is being terminated");
    }
}

ObjectPtr Cluster::create(const Kind& kind, const std::string& space, json::object object,
                          const When& when) {
    check_namespace(kind, space, meta_text(object, "name"));
    if (!meta_text(object, "resourceVersion").empty()) {
        throw bad_request("resourceVersion should not be set on objects to be created");
    }
    admit_new(object, kind, space, {options_.services, when.now, ++drawn_}, store_);
    const Key key{kind.namespaced ? space : "", meta_text(object, "name")};
    if (store_.find(kind.stored(), key)) {
        throw already_exists(kind, key.name);
    }
    return when.dry_run ? pretended(std::move(object))
                        : store_.put(kind.stored(), key, std::move(object));
}

ObjectPtr Cluster::update(const Kind& kind, const Key& key, const std::string& subresource,
                          json::object object, const When& when) {
    const ObjectPtr before = get(kind, key);
    const std::string name = meta_text(object, "name");
    if (!name.empty() && name != key.name) {
        throw bad_request("the name of the object (" + name +
                          ") does not match the name on the URL (" + key.name + ")");
    }
    const std::string version = meta_text(object, "resourceVersion");
    if (!version.empty() && version != meta_text(before->value, "resourceVersion")) {
        throw conflict(kind, key.name, kModified);
    }
    const std::string uid = meta_text(object, "uid");
    if (!uid.empty() && uid != meta_text(before->value, "uid")) {
        throw conflict(kind, key.name,
                       "Precondition failed: UID in precondition: " + uid +
                           ", UID in object meta: " + meta_text(before->value, "uid"));
    }
    if (subresource == "status") {
        admit_status(object, kind, before->value);
    } else if (subresource == "finalize") {
        json::object finalized = before->value;
        finalized["spec"] = child_of(object, "spec");
        object = std::move(finalized);
    } else {
        admit_update(object, kind, before->value);
    }
    return keep(kind, key, std::move(object), before, when);
}

ObjectPtr Cluster::keep(const Kind& kind, const Key& key, json::object object,
                        const ObjectPtr& before, const When& when) {
    metadata_of(object)["resourceVersion"] = meta_text(before->value, "resourceVersion");
    if (object == before->value) {
        return before;
    }
    if (when.dry_run) {
        return pretended(std::move(object));
    }
    const bool over =
        is_deleting(object) && !has_finalizers(object) && has_finalizers(before->value);
    ObjectPtr after = store_.put(kind.stored(), key, std::move(object));
    if (over && remaining_grace(after->value) == 0) {
        return drop(kind, key, after, when).object;
    }
    return after;
}

ObjectPtr Cluster::patch(const Kind& kind, const Key& key, const std::string& subresource,
                         const std::string& type, const json::value& patch, const When& when) {
    const ObjectPtr before = get(kind, key);
    json::value target = before->value;
    if (type == kJsonPatch) {
        json_patch(target, patch);
    } else if (type != kMergePatch && type != kStrategicPatch) {
        throw unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: " +
            std::string(kJsonPatch) + ", " + kMergePatch + ", " + kStrategicPatch);
    } else if (!patch.is_object()) {
        throw bad_request("error decoding patch: the patch is no object");
    } else if (type == kMergePatch) {
        merge_patch(target, patch);
    } else {
        strategic_patch(target.as_object(), patch.get_object());
    }
    if (!target.is_object()) {
        throw bad_request("the patch leaves no object");
    }
    target.get_object().erase("kind");
    target.get_object().erase("apiVersion");
    return update(kind, key, subresource, std::move(target.get_object()), when);
}

Cluster::Removed Cluster::remove(const Kind& kind, const Key& key, const DeleteOptions& options,
                                 const When& when) {
    const ObjectPtr before = get(kind, key);
    const std::string uid = meta_text(before->value, "uid");
    if (!options.uid.empty() && options.uid != uid) {
        throw conflict(kind, key.name,
                       "Precondition failed: UID in precondition: " + options.uid +
                           ", UID in object meta: " + uid);
    }
    const std::string version = meta_text(before->value, "resourceVersion");
    if (!options.resource_version.empty() && options.resource_version != version) {
        throw conflict(
            kind, key.name,
            "Precondition failed: ResourceVersion in precondition: " + options.resource_version +
                ", ResourceVersion in object meta: " + version);
    }
    const bool is_space = kind.qualified() == "namespaces";
    const std::int64_t grace =
        is_pod(kind) && !options_.finish_pods ? grace_of(before->value, options) : 0;
    const bool stays = grace > 0 || has_finalizers(before->value) || is_space;
    if (!stays) {
        return drop(kind, key, before, when);
    }
    json::object object = before->value;
    json::object& meta = metadata_of(object);
    if (!is_deleting(object) || grace < remaining_grace(object)) {
        meta["deletionTimestamp"] = kube_time(when.now + std::chrono::seconds(grace));
        meta["deletionGracePeriodSeconds"] = grace;
    }
    if (is_space) {
        child_of(object, "status")["phase"] = "Terminating";
    }
    if (when.dry_run) {
        return {pretended(std::move(object)), false};
    }
    ObjectPtr after =
        object == before->value ? before : store_.put(kind.stored(), key, std::move(object));
    if (is_space) {
        empty_namespace(key.name, when);
    }
    return {after, false};
}

Cluster::Removed Cluster::drop(const Kind& kind, const Key& key, const ObjectPtr& before,
                               const When& when) {
    if (when.dry_run) {
        return {before, true};
    }
    ObjectPtr last = store_.remove(kind.stored(), key);
    if (!key.space.empty()) {
        finish_namespace(key.space);
    }
    return {last ? last : before, true};
}

ObjectPtr Cluster::bind(const Key& pod, const std::string& node, const When& when) {
    const Kind& kind = kind_named("pods");
    const ObjectPtr before = get(kind, pod);
    const std::string old = text_at(before->value, {"spec", "nodeName"});
    if (!old.empty()) {
        throw conflict(kind, pod.name,
                       "pod " + pod.name + " is already assigned to node \"" + old + "\"");
    }
    json::object object = before->value;
    child_of(object, "spec")["nodeName"] = node;
    return keep(kind, pod, std::move(object), before, when);
}

std::size_t Cluster::finish_deleted(WallTime now, bool all) {
    const Kind& pods = kind_named("pods");
    const auto page = store_.list(
        pods.stored(), "",
        [&](const Key&, const Object& pod) {
            const std::string until = meta_text(pod.value, "deletionTimestamp");
            return !until.empty() && (all || until <= kube_time(now));
        },
        0, {}, 0);
    for (const auto& [key, pod] : page.items) {
        (void)remove(pods, key, {0, "", ""}, {now, false});
    }
    return page.items.size();
}

void Cluster::empty_namespace(const std::string& space, const When& when) {
    for (const auto& kind : all_kinds()) {
        if (!kind.namespaced || !kind.bucket.empty()) {
            continue;
        }
        for (const auto& [key, object] :
             store_.list(kind.stored(), space, everything, 0, {}, 0).items) {
            (void)remove(kind, key, {}, when);
        }
    }
    finish_namespace(space);
}

bool Cluster::is_empty(const std::string& space) const {
    for (const auto& kind : all_kinds()) {
        if (kind.namespaced &&
            !store_.list(kind.stored(), space, everything, 0, {}, 1).items.empty()) {
            return false;
        }
    }
    return true;
}

void Cluster::finish_namespace(const std::string& space) {
    const ObjectPtr found = store_.find("namespaces", {"", space});
    if (found && is_deleting(found->value) && !has_finalizers(found->value) && is_empty(space)) {
        (void)store_.remove("namespaces", {"", space});
    }
}

}  // namespace terway::sim::kube
