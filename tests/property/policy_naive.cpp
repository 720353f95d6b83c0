#include "policy_naive.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace terway::policy_test {
namespace {

using Labels = std::map<std::string, std::string>;

Labels labels_of(const kube::Meta& meta) {
    Labels labels;
    for (const auto& [key, value] : meta.labels) {
        labels[key.text()] = value.text();
    }
    return labels;
}

// "The result of matchLabels and matchExpressions are ANDed. An empty label selector matches all
// objects."
bool selects(const kube::LabelSelector& selector, const Labels& labels) {
    for (const auto& [key, value] : selector.labels) {
        if (!labels.contains(key.text()) || labels.at(key.text()) != value.text()) {
            return false;
        }
    }
    for (const auto& requirement : selector.expressions) {
        const bool has_key = labels.contains(requirement.key.text());
        bool has_value = false;
        for (const auto& value : requirement.values) {
            has_value = has_value || (has_key && labels.at(requirement.key.text()) == value.text());
        }
        bool holds = false;
        if (requirement.op == kube::Operator::In) {
            holds = has_value;
        } else if (requirement.op == kube::Operator::NotIn) {
            holds = !has_value;  // also of what has no such key
        } else if (requirement.op == kube::Operator::Exists) {
            holds = has_key;
        } else {
            holds = !has_key;
        }
        if (!holds) {
            return false;
        }
    }
    return true;
}

// The pod with that address: one in the node's network has none of its own, one that is over has
// none any more.
const kube::Pod* pod_at(const Cluster& cluster, const IpAddress& address) {
    for (const auto& pod : cluster.pods) {
        if (pod.host_network || pod.phase == kube::Phase::Succeeded ||
            pod.phase == kube::Phase::Failed) {
            continue;
        }
        for (const auto& each : pod.addresses) {
            if (each == address) {
                return &pod;
            }
        }
    }
    return nullptr;
}

Labels labels_of_namespace(const Cluster& cluster, const kube::Word& name) {
    for (const auto& space : cluster.namespaces) {
        if (space.meta.name == name) {
            return labels_of(space.meta);
        }
    }
    return {};
}

// `home` is the namespace of the policy.
bool peer_has(const Cluster& cluster, const kube::Word& home, const kube::PolicyPeer& peer,
              const IpAddress& address) {
    if (peer.block) {
        if (!peer.block->cidr.contains(address)) {
            return false;
        }
        for (const auto& except : peer.block->except) {
            if (except.contains(address)) {
                return false;
            }
        }
        return true;
    }
    const auto* const pod = pod_at(cluster, address);
    if (pod == nullptr) {
        return false;
    }
    if (peer.pods && peer.spaces) {
        return selects(*peer.pods, labels_of(pod->meta)) &&
               selects(*peer.spaces, labels_of_namespace(cluster, pod->meta.space));
    }
    if (peer.pods) {
        return pod->meta.space == home && selects(*peer.pods, labels_of(pod->meta));
    }
    if (peer.spaces) {
        return selects(*peer.spaces, labels_of_namespace(cluster, pod->meta.space));
    }
    return false;
}

bool port_has(const Cluster& cluster, const Question& question, const kube::PolicyPort& port) {
    if (question.protocol != port.protocol) {
        return false;
    }
    if (port.name.empty()) {
        return port.first <= question.port && question.port <= port.last;
    }
    const auto* const destination =
        question.ingress ? question.subject : pod_at(cluster, question.peer);
    if (destination == nullptr) {
        return false;
    }
    for (const auto& named : destination->ports) {
        if (named.name == port.name && named.protocol == port.protocol &&
            named.number == question.port) {
            return true;
        }
    }
    return false;
}

bool rule_has(const Cluster& cluster, const kube::Word& home, const kube::PolicyRule& rule,
              const Question& question) {
    bool peer_matches = rule.peers.empty();
    for (const auto& peer : rule.peers) {
        peer_matches = peer_matches || peer_has(cluster, home, peer, question.peer);
    }
    bool port_matches = rule.ports.empty();
    for (const auto& port : rule.ports) {
        port_matches = port_matches || port_has(cluster, question, port);
    }
    return peer_matches && port_matches;
}

// "Policies with lower priority values have higher precedence"; of equal ones, which the API leaves
// open, the one whose name comes first.
bool comes_before(const kube::ClusterNetworkPolicy& a, const kube::ClusterNetworkPolicy& b) {
    if (a.priority != b.priority) {
        return a.priority < b.priority;
    }
    return a.meta.name.text() < b.meta.name.text();
}

bool has_subject(const Cluster& cluster, const kube::ClusterNetworkPolicy& policy,
                 const kube::Pod& pod) {
    return policy.subject &&
           selects(policy.subject->spaces, labels_of_namespace(cluster, pod.meta.space)) &&
           selects(policy.subject->pods, labels_of(pod.meta));
}

// nullopt: the tier says nothing, or passes.
std::optional<bool> answer_of(const Cluster& cluster, kube::ClusterTier tier,
                              const Question& question) {
    std::vector<kube::ClusterNetworkPolicy> policies;
    for (const auto& policy : cluster.cluster_policies) {
        if (policy.tier == tier && has_subject(cluster, policy, *question.subject)) {
            policies.push_back(policy);
        }
    }
    std::sort(policies.begin(), policies.end(), comes_before);
    for (const auto& policy : policies) {
        for (const auto& rule : question.ingress ? policy.ingress : policy.egress) {
            if (!rule_has(cluster, {}, rule.what, question)) {
                continue;
            }
            if (rule.action == kube::ClusterAction::Pass) {
                return std::nullopt;
            }
            return rule.action == kube::ClusterAction::Accept;
        }
    }
    return std::nullopt;
}

// nullopt: no policy selects the pod in this direction.
std::optional<bool> answer_of_policies(const Cluster& cluster, const Question& question) {
    std::optional<bool> answer;
    for (const auto& policy : cluster.policies) {
        if (!(policy.meta.space == question.subject->meta.space) ||
            !selects(policy.pods, labels_of(question.subject->meta))) {
            continue;
        }
        const auto& rules = question.ingress ? policy.ingress : policy.egress;
        if (!rules) {
            continue;
        }
        answer = answer.value_or(false);
        for (const auto& rule : *rules) {
            if (rule_has(cluster, policy.meta.space, rule, question)) {
                answer = true;
            }
        }
    }
    return answer;
}

}  // namespace

bool is_allowed(const Cluster& cluster, const Question& question) {
    if (const auto admin = answer_of(cluster, kube::ClusterTier::Admin, question)) {
        return *admin;
    }
    if (const auto policies = answer_of_policies(cluster, question)) {
        return *policies;
    }
    return answer_of(cluster, kube::ClusterTier::Baseline, question).value_or(true);
}

}  // namespace terway::policy_test
