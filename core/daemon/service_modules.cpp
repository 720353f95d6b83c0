#include "daemon/service_modules.hpp"

#include <chrono>
#include <set>

#include "terway/error.hpp"

namespace terway::daemon {
namespace {

constexpr std::chrono::seconds kApplyTime{60};  // the gate knows what a verb may take

std::set<std::string> service_modules(const endpoint::Modules& modules) {
    std::set<std::string> all;
    for (const auto& [id, module] : modules) {
        if (module->service() != nullptr) {
            all.insert(id);
        }
    }
    return all;
}

}  // namespace

void check_services(const profile::Profile& profile, profile::Diagnostics& diagnostics) {
    if (profile.service.by == profile::ServiceBy::Module &&
        profile.kube.mode == profile::KubeMode::None) {
        diagnostics.error(profile.service.place,
                          "[service] by = \"module\" needs the API server, which has the Services; "
                          "set [kube] mode");
    }
}

std::jthread keep_services(ServiceProxy& proxy, const endpoint::Modules& modules) {
    const auto ids = service_modules(modules);
    if (ids.empty()) {
        return {};
    }
    proxy.add_modules(ids);
    return std::jthread([&proxy](const std::stop_token& stop) { proxy.run(stop); });
}

std::function<void(const std::string& module, const twy_service_update&)> service_applier(
    const endpoint::Modules& modules, host::Gate& gate, host::LinkReaper& reaper) {
    return [&](const std::string& id, const twy_service_update& update) {
        const auto found = modules.find(id);
        const auto* const verbs = found == modules.end() ? nullptr : found->second->service();
        if (verbs == nullptr) {
            throw Error(Status::Unsupported,
                        "module " + id + " does not translate Services, or is not there");
        }
        twy_call call(after(kApplyTime), reaper);
        const auto returned =
            gate.call(*found->second, "service.apply", "", call, [&](twy_error* reterr) {
                return verbs->apply(found->second->instance(), &call, &update, reterr);
            });
        if (returned == host::Gate::Returned::Late) {
            throw Error(Status::Retry,
                        "module " + id + ": service.apply returned after it was given up");
        }
    };
}

}  // namespace terway::daemon
