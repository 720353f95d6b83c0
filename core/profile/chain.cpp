#include "profile/chain.hpp"

#include <algorithm>

namespace terway::profile {
namespace {

template <class Condition, class Implies>
bool covers(const std::optional<Condition>& mine, const std::optional<Condition>& other,
            const Implies& implies) {
    return !mine || (other && (*mine == *other || implies(*mine, *other)));
}

bool implies_key(const KeyCondition& mine, const KeyCondition& other) {
    return mine.key == other.key && !mine.value;
}

}  // namespace

std::string_view name_of(AddressSource source) {
    switch (source) {
        case AddressSource::Eni:
            return "eni";
        case AddressSource::ExclusiveEni:
            return "exclusive-eni";
        case AddressSource::PodCidr:
            break;
    }
    return "pod-cidr";
}

std::vector<std::string> Chain::ids() const {
    std::vector<std::string> ids{dataplane};
    for (const auto& id : {qos, policy, fallback}) {
        if (id && std::find(ids.begin(), ids.end(), *id) == ids.end()) {
            ids.push_back(*id);
        }
    }
    return ids;
}

bool ChainConditions::cover(const ChainConditions& other) const {
    const auto never = [](const std::string&, const std::string&) { return false; };
    const bool namespaces =
        pod_namespace == "*" || covers(pod_namespace, other.pod_namespace, never);
    return namespaces && covers(resource, other.resource, never) &&
           covers(label, other.label, implies_key) &&
           covers(annotation, other.annotation, implies_key);
}

}  // namespace terway::profile
