#include "policy/cases/world.hpp"

#include <algorithm>

#include "policy/selector.hpp"
#include "terway/error.hpp"

namespace terway::policy {
namespace {

kube::Namespace namespace_of(const std::string& name, const kube::Pairs& labels) {
    kube::Namespace space;
    space.meta.name = kube::Word(name);
    space.meta.labels = labels;
    return space;
}

ObjectName name_of(const kube::Meta& meta) {
    return {meta.space.text(), meta.name.text()};
}

[[noreturn]] void refuse(const std::string& what) {
    throw Error(Status::Invalid, what);
}

}  // namespace

// What each action does.
struct World::Act {
    World& world;

    void operator()(const Noop&) const {}
    void operator()(const RestartAgent&) const {
        world.index_ = std::make_unique<Index>();
        world.picture_ = {};
        world.tell_all(*world.index_);
    }
    void operator()(const CreatePolicy& action) const {
        const auto name = name_of(action.policy.meta);
        need_namespace(name.space);
        if (!world.policies_.emplace(name, action.policy).second) {
            refuse("the policy " + name.text() + " exists");
        }
        world.index_->set_policy(action.policy);
    }
    void operator()(const UpdatePolicy& action) const {
        const auto name = name_of(action.policy.meta);
        const auto found = world.policies_.find(name);
        if (found == world.policies_.end()) {
            refuse("there is no policy " + name.text());
        }
        found->second = action.policy;
        world.index_->set_policy(action.policy);
    }
    void operator()(const DeletePolicy& action) const {
        if (world.policies_.erase(action.name) == 0) {
            refuse("there is no policy " + action.name.text());
        }
        world.index_->remove_policy(action.name);
    }
    void operator()(const CreateClusterPolicy& action) const {
        const auto name = action.policy.meta.name.text();
        if (!world.cluster_policies_.emplace(name, action.policy).second) {
            refuse("the cluster policy " + name + " exists");
        }
        world.index_->set_cluster_policy(action.policy);
    }
    void operator()(const UpdateClusterPolicy& action) const {
        const auto name = action.policy.meta.name.text();
        const auto found = world.cluster_policies_.find(name);
        if (found == world.cluster_policies_.end()) {
            refuse("there is no cluster policy " + name);
        }
        found->second = action.policy;
        world.index_->set_cluster_policy(action.policy);
    }
    void operator()(const DeleteClusterPolicy& action) const {
        if (world.cluster_policies_.erase(action.name) == 0) {
            refuse("there is no cluster policy " + action.name);
        }
        world.index_->remove_cluster_policy(action.name);
    }
    void operator()(const CreateNamespace& action) const {
        const auto& [name, labels] = action.space;
        if (!world.spaces_.emplace(name, labels).second) {
            refuse("the namespace " + name + " exists");
        }
        world.index_->set_namespace(namespace_of(name, labels));
    }
    void operator()(const SetNamespaceLabels& action) const {
        const auto& [name, labels] = action.space;
        need_namespace(name);
        world.spaces_[name] = labels;
        world.index_->set_namespace(namespace_of(name, labels));
    }
    void operator()(const DeleteNamespace& action) const {
        need_namespace(action.name);
        std::vector<ObjectName> pods;
        for (const auto& [_, pod] : world.pods_) {
            pods.push_back(name_of(pod.meta));
        }
        for (const auto& pod : pods) {
            if (pod.space == action.name) {
                (*this)(DeletePod{pod});
            }
        }
        std::erase_if(world.policies_, [&](const auto& policy) {
            const bool goes = policy.first.space == action.name;
            if (goes) {
                world.index_->remove_policy(policy.first);
            }
            return goes;
        });
        world.spaces_.erase(action.name);
        world.index_->remove_namespace(action.name);
    }
    void operator()(const CreatePod& action) const {
        const auto name = name_of(action.pod.meta);
        need_namespace(name.space);
        if (!world.pods_.emplace(name.text(), action.pod).second) {
            refuse("the pod " + name.text() + " exists");
        }
        world.tell_pod(action.pod, *world.index_);
    }
    void operator()(const DeletePod& action) const {
        (void)world.pod(action.name);
        world.pods_.erase(action.name.text());
        world.index_->remove_endpoint(action.name);
        world.index_->remove_pod(action.name);
    }
    void operator()(const SetPodLabels& action) const {
        auto& pod = world.pod(action.name);
        pod.meta.labels = action.labels;
        world.tell_pod(pod, *world.index_);
    }
    void operator()(const SetPodPhase& action) const {
        auto& pod = world.pod(action.name);
        pod.phase = action.phase;
        world.tell_pod(pod, *world.index_);
    }
    void operator()(const SetPodTerminating& action) const {
        auto& pod = world.pod(action.name);
        pod.meta.deletion = kube::Word("2000-01-01T00:00:00Z");
        world.tell_pod(pod, *world.index_);
    }

    void need_namespace(const std::string& name) const {
        if (!world.spaces_.contains(name)) {
            refuse("there is no namespace " + name);
        }
    }
};

World::World(const CaseCluster& cluster) : cluster_(cluster), index_(std::make_unique<Index>()) {
    for (const auto& [name, labels] : cluster.namespaces) {
        spaces_[name] = labels;
    }
    for (const auto& pod : cluster.pods) {
        pods_.emplace(name_of(pod.meta).text(), pod);
    }
    tell_all(*index_);
    settle();
}

kube::Pod& World::pod(const ObjectName& name) {
    const auto found = pods_.find(name.text());
    if (found == pods_.end()) {
        refuse("there is no pod " + name.text());
    }
    return found->second;
}

void World::tell_pod(const kube::Pod& pod, Index& index) const {
    index.set_pod(pod);
    if (!pod.host_network) {
        index.set_endpoint({name_of(pod.meta), {}, {}});
    }
}

void World::tell_all(Index& index) const {
    for (const auto& [name, labels] : spaces_) {
        index.set_namespace(namespace_of(name, labels));
    }
    for (const auto& [_, pod] : pods_) {
        tell_pod(pod, index);
    }
    for (const auto& [_, policy] : policies_) {
        index.set_policy(policy);
    }
    for (const auto& [_, policy] : cluster_policies_) {
        index.set_cluster_policy(policy);
    }
}

void World::settle() {
    told_ = index_->take();
    picture_.apply(told_);
}

Picture World::picture_anew() const {
    Index index;
    tell_all(index);
    Picture picture;
    picture.apply(index.take());
    return picture;
}

void World::apply(const CaseAction& action) {
    try {
        std::visit(Act{*this}, action.what);
    } catch (const Error& error) {
        throw error.within(action.place);
    }
    settle();
}

}  // namespace terway::policy
