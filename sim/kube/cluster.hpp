// The verbs on the objects of a cluster, as the API server carries them out. Pure.
#pragma once

#include <optional>
#include <string>

#include "sim/kube/admission.hpp"
#include "sim/kube/kind.hpp"
#include "sim/kube/store.hpp"

namespace terway::sim::kube {

struct ClusterOptions {
    Prefix services = *Prefix::parse("172.21.0.0/20");
    std::size_t history = 10000;  // changes remembered of each kind
    bool finish_pods = false;     // nobody tears down sandboxes: deleted pods are gone at once
    std::uint64_t seed = 1;
};

struct When {
    WallTime now;
    bool dry_run = false;
};

struct DeleteOptions {
    std::optional<std::int64_t> grace;  // seconds
    std::string uid;                    // preconditions
    std::string resource_version;
};

// One thread at a time. What is refused is thrown as Problem.
class Cluster {
public:
    // With the namespaces, roles and priority classes every cluster is born with.
    explicit Cluster(const ClusterOptions& options = {}, WallTime now = {});

    [[nodiscard]] Store& store() noexcept { return store_; }
    [[nodiscard]] const Store& store() const noexcept { return store_; }
    [[nodiscard]] bool finish_pods() const noexcept { return options_.finish_pods; }
    void set_finish_pods(bool finish) { options_.finish_pods = finish; }

    [[nodiscard]] ObjectPtr get(const Kind& kind, const Key& key) const;
    ObjectPtr create(const Kind& kind, const std::string& space, json::object object,
                     const When& when);
    ObjectPtr update(const Kind& kind, const Key& key, const std::string& subresource,
                     json::object object, const When& when);
    // `type` is the Content-Type of the patch.
    ObjectPtr patch(const Kind& kind, const Key& key, const std::string& subresource,
                    const std::string& type, const json::value& patch, const When& when);
    struct Removed {
        ObjectPtr object;
        bool gone = true;  // otherwise it is being deleted
    };
    Removed remove(const Kind& kind, const Key& key, const DeleteOptions& options,
                   const When& when);
    ObjectPtr bind(const Key& pod, const std::string& node, const When& when);

    // A pod being deleted is gone, as when its kubelet has torn it down. `all`: whatever their
    // grace. Answers how many.
    std::size_t finish_deleted(WallTime now, bool all);

private:
    ObjectPtr keep(const Kind& kind, const Key& key, json::object object, const ObjectPtr& before,
                   const When& when);
    Removed drop(const Kind& kind, const Key& key, const ObjectPtr& before, const When& when);
    void check_namespace(const Kind& kind, const std::string& space, const std::string& name) const;
    void empty_namespace(const std::string& space, const When& when);
    void finish_namespace(const std::string& space);
    [[nodiscard]] bool is_empty(const std::string& space) const;
    void found(WallTime now);

    ClusterOptions options_;
    Store store_;
    std::uint64_t drawn_;
};

}  // namespace terway::sim::kube
