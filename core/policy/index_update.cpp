#include <algorithm>
#include <utility>

#include "policy/index.hpp"

namespace terway::policy {
namespace {

// The rules live as long as anybody has them.
std::shared_ptr<const RuleSet> rules_of(const std::shared_ptr<const RuleSetNode>& node) {
    return {node, &node->rules};
}

std::vector<ObjectName> names_of(const Selecting& selecting) {
    std::vector<ObjectName> names;
    for (const auto* const policies : {&selecting.admin, &selecting.baseline}) {
        for (const auto* const policy : *policies) {
            names.push_back({"", policy->meta.name.text()});
        }
    }
    std::sort(names.begin(), names.end());
    for (const auto* const policy : selecting.policies) {
        names.push_back({policy->meta.space.text(), policy->meta.name.text()});
    }
    return names;
}

bool is_same(const EndpointRules& a, const EndpointRules& b) {
    return a.ingress->id == b.ingress->id && a.egress->id == b.egress->id &&
           a.policies == b.policies;
}

}  // namespace

void Index::resolve(EndpointState& endpoint, Compiler& compiler, Update& update) {
    const auto& name = endpoint.said.pod;
    const auto* const known = pod(name);
    if (known == nullptr || endpoint_of(*known) == nullptr || !is_ready(*known)) {
        const bool is_of_former_pod = endpoint.ingress == nullptr;
        if (is_of_former_pod && told_.erase(name) != 0) {
            update.gone_endpoints.push_back(name);
        }
        return;
    }
    const auto selecting = policies_of(*known);
    endpoint.ingress = compiler.compile(Direction::Ingress, selecting, *known);
    endpoint.egress = compiler.compile(Direction::Egress, selecting, *known);
    EndpointRules rules{
        name, update.revision, rules_of(endpoint.ingress), rules_of(endpoint.egress), {}};
    rules.policies = names_of(selecting);
    const auto before = told_.find(name);
    if (before == told_.end() || !is_same(before->second, rules)) {
        told_.insert_or_assign(name, rules);
        update.endpoints.push_back(std::move(rules));
    }
}

void Index::resolve_dirty(Update& update) {
    Compiler compiler(
        {groups_, sets_, port_names_, [this](const auto& visit) { visit_pods(visit); }});
    for (const auto& name : dirty_) {
        if (const auto found = endpoints_.find(name); found != endpoints_.end()) {
            resolve(found->second, compiler, update);
        } else if (told_.erase(name) != 0) {
            update.gone_endpoints.push_back(name);
        }
    }
}

void Index::sweep(Update& update) {
    std::set<SetId> used;
    for (const auto& [_, endpoint] : endpoints_) {
        for (const auto* const node : {endpoint.ingress.get(), endpoint.egress.get()}) {
            if (node != nullptr) {
                used.insert(node->sets.begin(), node->sets.end());
            }
        }
    }
    update.gone_sets = sets_.sweep(used);
}

Update Index::take() {
    Update update;
    update.revision = revision_ + 1;
    if (port_names_.take_changed()) {
        for (const auto& [_, space] : spaces_) {
            mark_all(space);
        }
    }
    if (!dirty_.empty()) {
        resolve_dirty(update);
        sweep(update);
        dirty_.clear();
    }
    update.sets = sets_.take_changes();
    if (update.empty()) {
        update.revision = revision_;
    }
    revision_ = update.revision;
    return update;
}

Update Index::everything() const {
    Update update;
    update.revision = revision_;
    update.sets = sets_.everything();
    for (const auto& [_, rules] : told_) {
        update.endpoints.push_back(rules);
    }
    return update;
}

const EndpointRules* Index::told(const ObjectName& pod) const {
    const auto found = told_.find(pod);
    return found == told_.end() ? nullptr : &found->second;
}

Index::Sizes Index::sizes() const {
    std::set<RuleSetId> rules;
    for (const auto& [_, endpoint] : told_) {
        rules.insert(endpoint.ingress->id);
        rules.insert(endpoint.egress->id);
    }
    return {groups_.size(), sets_.size(), rules.size()};
}

}  // namespace terway::policy
