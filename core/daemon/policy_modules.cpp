#include "daemon/policy_modules.hpp"

#include <algorithm>
#include <chrono>

#include "endpoint/rule_keeper.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

constexpr std::chrono::seconds kApplyTime{60};  // the gate knows what a verb may take

}  // namespace

std::set<std::string> policy_modules(const profile::Profile& profile) {
    std::set<std::string> all;
    for (const auto* const chain : profile.chains()) {
        if (chain->policy) {
            all.insert(*chain->policy);
        }
    }
    return all;
}

bool needs_policies(const profile::Profile& profile,
                    const std::vector<endpoint::EndpointRecord>& records) {
    return profile.has_policies() ||
           std::any_of(records.begin(), records.end(),
                       [](const auto& record) { return endpoint::policy_pin(record) != nullptr; });
}

void check_policies(const profile::Profile& profile, profile::Diagnostics& diagnostics) {
    if (profile.kube.mode != profile::KubeMode::None ||
        profile.policy.startup == profile::PolicyStartup::Allow) {
        return;
    }
    const auto all = profile.chains();
    const auto first = std::find_if(all.begin(), all.end(),
                                    [](const auto* chain) { return chain->policy.has_value(); });
    if (first != all.end()) {
        diagnostics.error((*first)->place,
                          "policy \"" + *(*first)->policy +
                              "\" needs the API server, which has the "
                              "NetworkPolicies; set [kube] mode, or [policy] startup "
                              "= \"allow\" for a node where all pods are open");
    }
}

std::function<void(const std::string& module, const twy_policy_update&)> policy_applier(
    const endpoint::Modules& modules, host::Gate& gate, host::LinkReaper& reaper) {
    return [&](const std::string& id, const twy_policy_update& update) {
        const auto found = modules.find(id);
        const auto* const verbs = found == modules.end() ? nullptr : found->second->policy();
        if (verbs == nullptr) {
            throw Error(Status::Unsupported, "module " + id + " is no policy module, or not there");
        }
        twy_call call(after(kApplyTime), reaper);
        const auto returned =
            gate.call(*found->second, "policy.apply", "", call, [&](twy_error* reterr) {
                return verbs->apply(found->second->instance(), &call, &update, reterr);
            });
        if (returned == host::Gate::Returned::Late) {
            throw Error(Status::Retry,
                        "module " + id + ": policy.apply returned after it was given up");
        }
    };
}

}  // namespace terway::daemon
