#include "endpoint/pod_facts.hpp"

#include <fnmatch.h>

namespace terway::endpoint {
namespace {

bool has(const std::map<std::string, std::string>& all,
         const std::optional<profile::KeyCondition>& condition) {
    if (!condition) {
        return true;
    }
    const auto found = all.find(condition->key);
    return found != all.end() && (!condition->value || *condition->value == found->second);
}

}  // namespace

PodFacts RequestPodSource::facts(const cni::Request& request, const Operation& /*operation*/) {
    PodFacts pod;
    pod.pod_namespace = request.args.pod_namespace;
    pod.name = request.args.pod_name;
    pod.labels = request.config.args_labels;
    pod.annotations = request.config.runtime.pod_annotations;
    pod.resources = request.args.resources;
    pod.resources.insert(request.config.args_resources.begin(),
                         request.config.args_resources.end());
    return pod;
}

bool holds(const profile::ChainConditions& when, const PodFacts& pod) {
    if (when.resource) {
        const auto found = pod.resources.find(*when.resource);
        if (found == pod.resources.end() || found->second == 0) {
            return false;
        }
    }
    const bool in_namespace =
        !when.pod_namespace ||
        ::fnmatch(when.pod_namespace->c_str(), pod.pod_namespace.c_str(), FNM_PATHNAME) == 0;
    return in_namespace && has(pod.labels, when.label) && has(pod.annotations, when.annotation);
}

Choice choose(const profile::Profile& profile, const PodFacts& pod) {
    for (std::size_t i = 0; i < profile.rules.size(); ++i) {
        if (holds(profile.rules[i].when, pod)) {
            return {profile.rules[i].chain, i};
        }
    }
    return {profile.chain, std::nullopt};
}

pool::Source source_of(profile::AddressSource source) {
    switch (source) {
        case profile::AddressSource::Eni:
            return pool::Source::Eni;
        case profile::AddressSource::ExclusiveEni:
            return pool::Source::ExclusiveEni;
        case profile::AddressSource::PodCidr:
            break;
    }
    return pool::Source::PodCidr;
}

}  // namespace terway::endpoint
