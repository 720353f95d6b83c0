#include "daemon/inspect_policy.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <sstream>
#include <tuple>
#include <vector>

#include "endpoint/rule_keeper.hpp"
#include "policy/explain.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;
using policy::ObjectName;

ObjectName pod_of(const endpoint::EndpointRecord& record) {
    return {record.spec.pod_namespace, record.spec.pod_name};
}

json::array texts_of(const std::vector<ObjectName>& names) {
    json::array all;
    for (const auto& name : names) {
        all.push_back(json::string(name.text()));
    }
    return all;
}

// By policy, the pods of the node that have its rules.
std::map<ObjectName, std::vector<ObjectName>> selections(
    const policy::Index& index, const std::vector<endpoint::EndpointRecord>& records) {
    std::map<ObjectName, std::vector<ObjectName>> all;
    for (const auto& [name, space] : index.cluster()) {
        for (const auto& [policy, _] : space.policies) {
            all[{name, policy}];
        }
    }
    for (const auto& [name, _] : index.cluster_policies()) {
        all[{"", name}];
    }
    for (const auto& record : records) {
        if (const auto* const rules = index.told(pod_of(record))) {
            for (const auto& policy : rules->policies) {
                all[policy].push_back(rules->pod);
            }
        }
    }
    for (auto& [_, pods] : all) {
        std::sort(pods.begin(), pods.end());
    }
    return all;
}

json::object entry(const ObjectName& name, policy::TierKind tier, bool ingress, bool egress,
                   const std::vector<ObjectName>& pods) {
    return {{"policy", name.text()},      {"tier", std::string(policy::name_of(tier))},
            {"priority", nullptr},        {"ingress", ingress},
            {"egress", egress},           {"bad", false},
            {"pods_here", texts_of(pods)}};
}

// In the order in which they are asked.
json::array policies_of(const policy::Index& index,
                        const std::vector<endpoint::EndpointRecord>& records) {
    using policy::TierKind;
    std::multimap<std::tuple<TierKind, int, ObjectName>, json::object> sorted;
    for (const auto& [name, pods] : selections(index, records)) {
        if (name.space.empty()) {
            const auto found = index.cluster_policies().find(name.name);
            if (found == index.cluster_policies().end()) {
                continue;
            }
            const auto& policy = found->second;
            const auto tier =
                policy.tier == kube::ClusterTier::Admin ? TierKind::Admin : TierKind::Baseline;
            auto made = entry(name, tier, !policy.ingress.empty(), !policy.egress.empty(), pods);
            made["priority"] = policy.priority;
            sorted.emplace(std::tuple(tier, policy.priority, name), std::move(made));
            continue;
        }
        const auto space = index.cluster().find(name.space);
        if (space == index.cluster().end()) {
            continue;
        }
        const auto found = space->second.policies.find(name.name);
        if (found != space->second.policies.end()) {
            const auto& policy = found->second;
            auto made = entry(name, TierKind::NetworkPolicy, policy.ingress.has_value(),
                              policy.egress.has_value(), pods);
            made["bad"] = policy.is_bad;
            sorted.emplace(std::tuple(TierKind::NetworkPolicy, 0, name), std::move(made));
        }
    }
    json::array all;
    for (auto& [_, each] : sorted) {
        all.push_back(std::move(each));
    }
    return all;
}

json::object describe(const policy::EndAnswer& answer) {
    json::object out{{"direction", std::string(policy::name_of(answer.direction))},
                     {"asked", answer.is_asked},
                     {"allowed", answer.allowed},
                     {"isolated_by", texts_of(answer.isolating)},
                     {"tier", nullptr},
                     {"policy", nullptr},
                     {"rule", nullptr},
                     {"reason", answer.reason},
                     {"compiled", nullptr},
                     {"defect", answer.is_defect()}};
    if (answer.tier) {
        out["tier"] = std::string(policy::name_of(*answer.tier));
    }
    if (answer.policy) {
        out["policy"] = answer.policy->text();
        out["rule"] = answer.rule + 1;
    }
    if (answer.compiled) {
        out["compiled"] = *answer.compiled;
    }
    return out;
}

json::object describe(const endpoint::Verdicts& verdicts) {
    return {{"allowed", verdicts.allowed}, {"denied", verdicts.denied}};
}

void add(endpoint::RuleCounters& sum, const endpoint::RuleCounters& more) {
    sum.ingress.allowed += more.ingress.allowed;
    sum.ingress.denied += more.ingress.denied;
    sum.egress.allowed += more.egress.allowed;
    sum.egress.denied += more.egress.denied;
}

json::value pod_text(const std::optional<ObjectName>& pod) {
    return pod ? json::value(pod->text()) : json::value();
}

}  // namespace

const PolicyService& PolicyInspector::service() const {
    if (service_ == nullptr) {
        throw Error(Status::Unsupported,
                    "no chain of the profile has a policy module, so policies are not watched");
    }
    return *service_;
}

std::string PolicyInspector::list() const {
    const auto records = manager_.records();
    json::array closed;
    for (const auto& record : records) {
        if (service().is_closed(record.key())) {
            closed.push_back(json::object{{"pod", pod_of(record).text()},
                                          {"reason", service().why_closed(record.key())}});
        }
    }
    const auto trouble = service().trouble();
    return service().look([&](const PolicyBook& book) {
        return json::serialize(json::object{{"synced", book.is_synced()},
                                            {"trouble", trouble},
                                            {"policies", policies_of(book.index(), records)},
                                            {"closed", std::move(closed)}});
    });
}

std::string PolicyInspector::explain(std::string_view words) const {
    std::istringstream in{std::string(words)};
    policy::Question question;
    std::string port;
    std::string more;
    if (!(in >> question.from >> question.to >> port) || in >> more) {
        throw Error(Status::Invalid,
                    "policy explain takes SRC DST PORT/PROTO: the ends are namespace/pod or an "
                    "address");
    }
    const auto asked = policy::parse_port(port);
    question.port = asked.port;
    question.protocol = asked.protocol;
    return service().look([&](const PolicyBook& book) {
        const auto all = policy::explain(book.index(), question);
        return json::serialize(json::object{
            {"from", all.from.text()},
            {"from_pod", pod_text(all.from_pod)},
            {"to", all.to.text()},
            {"to_pod", pod_text(all.to_pod)},
            {"port",
             std::to_string(asked.port) + "/" + std::string(policy::name_of(asked.protocol))},
            {"synced", book.is_synced()},
            {"allowed", all.allowed},
            {"defect", all.egress.is_defect() || all.ingress.is_defect()},
            {"egress", describe(all.egress)},
            {"ingress", describe(all.ingress)}});
    });
}

std::string PolicyInspector::counters(const endpoint::Operation& operation) const {
    const auto records = manager_.records();
    std::map<ObjectName, endpoint::RuleCounters> sums;
    json::array endpoints;
    for (const auto& record : records) {
        if (record.state != endpoint::EndpointState::Ready ||
            endpoint::policy_pin(record) == nullptr) {
            continue;
        }
        const auto policies = service().look([&](const PolicyBook& book) {
            const auto* const rules = book.index().told(pod_of(record));
            return rules == nullptr ? std::vector<ObjectName>{} : rules->policies;
        });
        endpoint::RuleCounters counted;
        std::string trouble;
        try {
            counted = manager_.count(record, operation).value_or(counted);
        } catch (const Error& error) {
            trouble = error.what();
        }
        for (const auto& policy : policies) {
            add(sums[policy], counted);
        }
        endpoints.push_back(json::object{{"container_id", record.key().container_id},
                                         {"ifname", record.key().ifname},
                                         {"pod_namespace", record.spec.pod_namespace},
                                         {"pod_name", record.spec.pod_name},
                                         {"policies", texts_of(policies)},
                                         {"ingress", describe(counted.ingress)},
                                         {"egress", describe(counted.egress)},
                                         {"trouble", trouble}});
    }
    json::array policies;
    for (const auto& [name, sum] : sums) {
        policies.push_back(json::object{{"policy", name.text()},
                                        {"ingress", describe(sum.ingress)},
                                        {"egress", describe(sum.egress)}});
    }
    return json::serialize(
        json::object{{"endpoints", std::move(endpoints)}, {"policies", std::move(policies)}});
}

}  // namespace terway::daemon
