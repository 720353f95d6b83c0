#include "daemon/max_pods.hpp"

#include <algorithm>
#include <chrono>

#include "base/metrics.hpp"
#include "daemon/cloud_access.hpp"
#include "daemon/eni_settings.hpp"
#include "daemon/supply.hpp"
#include "pool/cidr_pool.hpp"
#include "pool/eni_quota.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using pool::Source;

constexpr std::chrono::seconds kPatience{30};

std::size_t of_pod_cidrs(const profile::Profile& profile, std::vector<std::string>& reasons) {
    const auto& cidrs = profile.node.pod_cidrs;
    if (cidrs.empty()) {
        throw Error(
            Status::Invalid,
            "the node's pod CIDR is not known here; give --pod-cidr or set [node] pod_cidrs");
    }
    const auto count = pool::CidrPool(cidrs, {}, {}, wall_now).picture().capacity;
    std::string names;
    for (const auto& cidr : cidrs) {
        names += (names.empty() ? "" : ", ") + cidr.text();
    }
    reasons.push_back(std::to_string(count) + " with addresses of " + names);
    return count;
}

std::size_t of_enis(const profile::Profile& profile, const cloud::InstanceLimits& limits,
                    bool exclusive, std::vector<std::string>& reasons) {
    const pool::EniQuota quota(eni_settings(profile, {}, {exclusive, false, {}}), limits);
    const auto count = quota.enis() * quota.endpoints();
    const auto enis = std::to_string(quota.enis()) + " secondary ENIs of " + limits.type;
    reasons.push_back(std::to_string(count) +
                      (exclusive ? " with one of the " + enis
                                 : " with addresses of " + enis + ", " +
                                       std::to_string(quota.endpoints()) + " on each"));
    return count;
}

bool wants_enis(const profile::Profile& profile) {
    const auto sources = dataplanes_by_source(profile);
    return sources.contains(Source::Eni) || sources.contains(Source::ExclusiveEni);
}

}  // namespace

MaxPods max_pods(const profile::Profile& profile, const cloud::InstanceLimits& limits) {
    const auto sources = dataplanes_by_source(profile);
    MaxPods all;
    if (sources.contains(Source::PodCidr)) {
        all.count = of_pod_cidrs(profile, all.reasons);
    }
    // They take each other's ENIs.
    std::size_t most = 0;
    for (const auto source : {Source::Eni, Source::ExclusiveEni}) {
        if (sources.contains(source)) {
            most = std::max(most,
                            of_enis(profile, limits, source == Source::ExclusiveEni, all.reasons));
        }
    }
    all.count += most;
    return all;
}

MaxPods max_pods_here(const profile::Profile& profile) {
    if (!wants_enis(profile)) {
        return max_pods(profile, {});
    }
    cloud::CallLog calls(nullptr);
    cloud::MetadataClient metadata(profile.cloud.metadata);
    const cloud::Patience patience{{}, after(kPatience), {}};
    const auto instance = learn_instance(profile.cloud, metadata, patience);
    const auto api =
        cloud::make_cloud(cloud_settings(profile.cloud, instance.region), metadata, calls);
    return max_pods(profile, api->describe_instance_type(instance.type, patience));
}

}  // namespace terway::daemon
