#include "policy/index.hpp"

#include <algorithm>
#include <utility>

#include "policy/selector.hpp"

namespace terway::policy {
namespace {

ObjectName name_of(const kube::Meta& meta) {
    return {meta.space.text(), meta.name.text()};
}

bool is_same(std::string_view uid, std::string_view wanted) {
    return uid.empty() || wanted.empty() || uid == wanted;
}

bool counts(const kube::Pod& pod) {
    return !pod.is_over() && !pod.host_network;
}

// Most of what a watch tells of pods is about conditions and such.
bool is_new_in_labels_only(const kube::Pod& object, const PodState& pod) {
    return pod.space != nullptr && pod.uid == object.meta.uid && pod.ports == object.ports &&
           pod.said == object.addresses && pod.counts == counts(object) &&
           pod.is_deleting == object.meta.is_deleting();
}

bool says_the_same(const kube::NetworkPolicy& a, const kube::NetworkPolicy& b) {
    return a.meta.name == b.meta.name && a.pods == b.pods && a.ingress == b.ingress &&
           a.egress == b.egress;
}

}  // namespace

Space& Index::space(std::string_view name) {
    const auto [found, is_new] = spaces_.try_emplace(std::string(name));
    if (is_new) {
        found->second.name = name;
    }
    return found->second;
}

void Index::drop_if_idle(std::string_view name) {
    const auto found = spaces_.find(name);
    if (found != spaces_.end() && !found->second.is_known && found->second.pods.empty() &&
        found->second.policies.empty() && found->second.endpoints.empty()) {
        spaces_.erase(found);
    }
}

std::optional<ObjectName> Index::pod_at(const IpAddress& address) const {
    const auto* const found = book_.owner(address);
    return found == nullptr ? std::nullopt
                            : std::optional(ObjectName{found->space->name, found->name.text()});
}

const PodState* Index::pod(const ObjectName& name) const {
    const auto home = spaces_.find(name.space);
    if (home == spaces_.end()) {
        return nullptr;
    }
    const auto found = home->second.pods.find(name.name);
    return found == home->second.pods.end() ? nullptr : &found->second;
}

PodState* Index::pod(const ObjectName& name) {
    return const_cast<PodState*>(std::as_const(*this).pod(name));
}

void Index::relabel(Space& space, bool is_known, const kube::Pairs& labels) {
    if (space.is_known == is_known && space.labels == labels) {
        return;
    }
    const auto selected_by = [&] {
        std::vector<bool> out;
        for (const auto& [_, policy] : cluster_policies_) {
            out.push_back(selects(policy, space));
        }
        return out;
    };
    const auto before = selected_by();
    if (space.is_known != is_known && !before.empty()) {
        mark_all(space);
    }
    space.is_known = is_known;
    space.labels = labels;
    if (selected_by() != before) {
        mark_all(space);
    }
    for (auto& [_, pod] : space.pods) {
        sets_.move(pod, groups_.regroup(pod));
    }
}

void Index::set_namespace(const kube::Namespace& named) {
    relabel(space(named.meta.name.view()), true, named.meta.labels);
}

void Index::remove_namespace(std::string_view name) {
    if (const auto found = spaces_.find(name); found != spaces_.end()) {
        relabel(found->second, false, {});
        drop_if_idle(name);
    }
}

void Index::change(PodState& pod, const std::function<void()>& change) {
    port_names_.remove(pod);
    sets_.withdraw(pod);
    groups_.leave(pod);
    change();
    book_.claim(
        pod, addresses_of(pod), [this](PodState& other) { sets_.withdraw(other); },
        [this](PodState& other) { sets_.contribute(other); });
    groups_.enter(pod);
    sets_.contribute(pod);
    port_names_.add(pod);
}

const Endpoint* Index::endpoint_of(const PodState& pod) const {
    const auto found = endpoints_.find({pod.space->name, pod.name.text()});
    const bool is_its =
        found != endpoints_.end() && is_same(pod.uid.view(), found->second.said.uid);
    return is_its ? &found->second.said : nullptr;
}

std::vector<IpAddress> Index::addresses_of(const PodState& pod) const {
    if (!pod.counts) {
        return {};
    }
    const auto* const endpoint = endpoint_of(pod);
    auto addresses =
        endpoint != nullptr && !endpoint->addresses.empty() ? endpoint->addresses : pod.said;
    std::sort(addresses.begin(), addresses.end());
    addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
    return addresses;
}

void Index::set_pod(const kube::Pod& object) {
    auto& home = space(object.meta.space.view());
    auto& pod = home.pods[object.meta.name.text()];
    if (is_new_in_labels_only(object, pod)) {
        if (pod.labels == object.meta.labels) {
            return;
        }
        pod.labels = object.meta.labels;
        sets_.move(pod, groups_.regroup(pod));
    } else {
        change(pod, [&] {
            pod.space = &home;
            pod.name = object.meta.name;
            pod.uid = object.meta.uid;
            pod.labels = object.meta.labels;
            pod.ports = object.ports;
            pod.said = object.addresses;
            pod.counts = counts(object);
            pod.is_deleting = object.meta.is_deleting();
        });
    }
    if (auto name = name_of(object.meta); endpoints_.contains(name)) {
        dirty_.insert(std::move(name));
    }
}

void Index::remove_pod(const ObjectName& name, std::string_view uid) {
    auto* const gone = pod(name);
    if (gone == nullptr || !is_same(gone->uid.view(), uid)) {
        return;
    }
    change(*gone, [&] { gone->counts = false; });
    auto& pods = gone->space->pods;
    pods.erase(pods.find(name.name));
    drop_if_idle(name.space);
}

void Index::mark_selected(const Space& space, const kube::LabelSelector& selector) {
    for (const auto& name : space.endpoints) {
        const auto found = space.pods.find(name.name);
        if (found != space.pods.end() && matches(selector, found->second.labels)) {
            dirty_.insert(name);
        }
    }
}

void Index::set_policy(const kube::NetworkPolicy& policy) {
    auto& home = space(policy.meta.space.view());
    auto& place = home.policies[policy.meta.name.text()];
    if (says_the_same(place, policy)) {
        return;
    }
    if (!place.meta.name.empty()) {
        mark_selected(home, place.pods);
    }
    place = policy;
    mark_selected(home, place.pods);
}

void Index::remove_policy(const ObjectName& name) {
    const auto home = spaces_.find(name.space);
    if (home == spaces_.end()) {
        return;
    }
    auto& policies = home->second.policies;
    if (const auto found = policies.find(name.name); found != policies.end()) {
        mark_selected(home->second, found->second.pods);
        policies.erase(found);
        drop_if_idle(name.space);
    }
}

void Index::set_endpoint(Endpoint endpoint) {
    const auto name = endpoint.pod;
    auto& place = endpoints_[name];
    if (!is_same(place.said.uid, endpoint.uid)) {
        place = {};
    }
    place.said = std::move(endpoint);
    space(name.space).endpoints.insert(name);
    dirty_.insert(name);
    if (auto* const known = pod(name)) {
        change(*known, [] {});
    }
}

void Index::remove_endpoint(const ObjectName& name) {
    if (endpoints_.erase(name) == 0) {
        return;
    }
    dirty_.insert(name);
    space(name.space).endpoints.erase(name);
    if (auto* const known = pod(name)) {
        change(*known, [] {});
    }
    drop_if_idle(name.space);
}

void Index::visit_pods(const std::function<void(const PodState&)>& visit) const {
    for (const auto& [_, space] : spaces_) {
        for (const auto& [name, pod] : space.pods) {
            if (pod.counts) {
                visit(pod);
            }
        }
    }
}

}  // namespace terway::policy
