#include "daemon/runtime.hpp"

#include <iostream>
#include <vector>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "daemon/daemon.hpp"
#include "daemon/fallback.hpp"
#include "daemon/kube_hooks.hpp"
#include "daemon/kube_service.hpp"
#include "daemon/module_set.hpp"
#include "daemon/pod_cidrs.hpp"
#include "daemon/policy_modules.hpp"
#include "daemon/preflight.hpp"
#include "daemon/service_manager.hpp"
#include "store/store.hpp"

namespace terway::daemon {

namespace {

bool lacks_pod_cidrs(const profile::Profile& profile) {
    return profile.node.pod_cidrs.empty() && profile.uses(profile::AddressSource::PodCidr);
}

// Whether the node has what the profile needs; if not, says what it lacks.
bool accept(const Fitted& fitted, const std::vector<Preflight>& results) {
    for (const auto& line : fitted.unusable) {
        log::warning("a fallback is of no use here", {{"reason", line}});
    }
    if (fitted.refusals.empty()) {
        return true;
    }
    std::cerr << to_text(results);
    for (const auto& line : fitted.refusals) {
        std::cerr << "terwayd: " << line << "\n";
    }
    std::cerr << "terwayd: this node lacks what the profile needs\n";
    return false;
}

// From the node's object, as soon as it has some; none if a stop was asked for meanwhile.
std::vector<Prefix> await_pod_cidrs(KubeService& kube, store::Store& store) {
    return find_pod_cidrs(
        [&](Deadline deadline) { return kube.await_pod_cidrs({}, deadline); }, store,
        [] {
            notify_systemd("EXTEND_TIMEOUT_USEC=30000000");
            return !signal_came();
        },
        [&] {
            log::warning("no pod is served before the node's pod CIDR is known",
                         {{"node", kube.node()}, {"reason", kube.why_no_pod_cidrs()}});
        });
}

}  // namespace

int run(const profile::Profile& profile, profile::Diagnostics& diagnostics) {
    auto modules = load_modules(profile, diagnostics);
    if (!diagnostics.ok()) {
        std::cerr << diagnostics.print();
        return kExitConfig;
    }
    if (lacks_pod_cidrs(profile) && profile.kube.mode == profile::KubeMode::None) {
        std::cerr
            << profile.file
            << ": error: no pod CIDR; set [node] pod_cidrs or give --pod-cidr, take them from "
               "the node's object with [kube], or addresses from ENIs with [pool] source = "
               "\"eni\"\n";
        return kExitConfig;
    }
    const auto results = preflight(modules);
    auto fitted = fit(profile, results);
    if (!accept(fitted, results)) {
        return kExitPreflight;
    }
    store::Store store(fitted.profile.daemon.state_dir);
    Metrics metrics;
    PolicyInbox inbox(fitted.profile.policy.cluster_policies);
    auto* const policies = needs_policies(fitted.profile, store.all()) ? &inbox : nullptr;
    ServiceInbox services;
    const bool by_module = fitted.profile.service.by == profile::ServiceBy::Module;
    const auto kube =
        make_kube(fitted.profile, metrics, {policies, by_module ? &services : nullptr});
    const bool has_no_source = kube == nullptr && policies != nullptr;
    const bool may_open = fitted.profile.policy.startup == profile::PolicyStartup::Allow;
    if (has_no_source) {
        log::warning(may_open ? "there is no [kube], so no NetworkPolicies: all pods are open"
                              : "there is no [kube]: endpoints of an earlier profile keep the "
                                "rules they have");
    }
    if (kube) {
        kube->start();
    }
    if (lacks_pod_cidrs(profile)) {
        fitted.profile.node.pod_cidrs = await_pod_cidrs(*kube, store);
        if (fitted.profile.node.pod_cidrs.empty()) {
            return 0;
        }
    }
    return serve({fitted.profile, fitted.in_force, modules, store, metrics, kube.get(),
                  has_no_source && !may_open ? nullptr : policies, services});
}

}  // namespace terway::daemon
