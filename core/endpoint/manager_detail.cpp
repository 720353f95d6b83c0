#include "endpoint/manager_detail.hpp"

#include <algorithm>

namespace terway::endpoint::detail {
namespace {

class Pins {
public:
    explicit Pins(const Modules& modules) : modules_(modules) {}

    void add(ModuleRole role, const std::optional<std::string>& id) {
        const bool there = std::any_of(pins_.begin(), pins_.end(), [&](const ModulePin& pin) {
            return pin.role == role && pin.id == id;
        });
        if (id && !there) {
            pins_.push_back({role, *id, modules_.at(*id)->version(), {}});
        }
    }

    [[nodiscard]] std::vector<ModulePin> take() { return std::move(pins_); }

private:
    const Modules& modules_;
    std::vector<ModulePin> pins_;
};

}  // namespace

std::vector<ModulePin> pins_of(const profile::Chain& chain, const Modules& modules) {
    Pins pins(modules);
    pins.add(ModuleRole::Dataplane, chain.dataplane);
    pins.add(ModuleRole::Qos, chain.qos);
    pins.add(ModuleRole::Policy, chain.policy);
    return pins.take();
}

std::vector<ModulePin> every_pin(const profile::Profile& profile, const Modules& modules) {
    Pins pins(modules);
    const auto chains = profile.chains();
    for (const auto* chain : chains) {
        pins.add(ModuleRole::Dataplane, chain->dataplane);
        pins.add(ModuleRole::Dataplane, chain->fallback);
    }
    for (const auto* chain : chains) {
        pins.add(ModuleRole::Qos, chain->qos);
    }
    for (const auto* chain : chains) {
        pins.add(ModuleRole::Policy, chain->policy);
    }
    return pins.take();
}

std::vector<IpAddress> bare(const std::vector<Prefix>& prefixes) {
    std::vector<IpAddress> all;
    all.reserve(prefixes.size());
    for (const auto& prefix : prefixes) {
        all.push_back(prefix.address());
    }
    return all;
}

std::function<void()> overdue(const Operation& operation, KeyLock::Guard& guard,
                              Lane::Permit* permit, const EndpointKey& key) {
    return [&operation, &guard, permit, text = key.text()] {
        if (permit != nullptr) {
            permit->surrender();
        }
        guard.abandon();
        if (operation.answer_early) {
            operation.answer_early(
                Error(Status::Retry, "endpoint " + text + ": a module did not return in time"));
        }
    };
}

std::optional<Netns> reopen(const std::string& path) {
    if (path.empty()) {
        return std::nullopt;
    }
    try {
        return Netns::open(path);
    } catch (const Error&) {
        return std::nullopt;
    }
}

int fd_of(const std::optional<Netns>& netns) {
    return netns ? netns->fd() : -1;
}

}  // namespace terway::endpoint::detail
