// Who brings what NetworkPolicies mean to the endpoints that have a policy module.
#pragma once

#include <functional>
#include <string>

#include "endpoint/operation.hpp"
#include "endpoint/record.hpp"

namespace terway::endpoint {

// Any thread; calls for one key come one after the other, but for await(), beside which forget()
// may come.
class RuleKeeper {
public:
    virtual ~RuleKeeper() = default;

    // The record's policy module has it, and denies it everything.
    virtual void attached(const EndpointRecord& record) = 0;
    // The module has taken it over; what was in the kernel stays until the next rules.
    virtual void adopted(const EndpointRecord& record) = 0;
    // The module is about to forget it. Nothing if it is not known.
    virtual void forget(const EndpointKey& key) noexcept = 0;

    // Waits until the rules are in the kernel, but no longer than the profile says; then the
    // endpoint goes on as it says. Throws Error(Retry) when stopped, and when the endpoint was
    // forgotten meanwhile.
    virtual void await(const EndpointRecord& record, const Operation& operation) = 0;

    // Asks, where the profile says so, until the module finds the rules in force, but no longer
    // than the profile says. `why_not` is empty then. Throws what `why_not` throws, and
    // Error(Retry) when stopped, or where an endpoint whose rules are not in force must not go on.
    virtual void confirm(const EndpointRecord& record, const Operation& operation,
                         const std::function<std::string()>& why_not) = 0;

    // Why pods suffer from rules that are not up to date; empty if they do not.
    [[nodiscard]] virtual std::string trouble() const = 0;
};

// The module that carries policies out for the endpoint, or null.
[[nodiscard]] const ModulePin* policy_pin(const EndpointRecord& record);

}  // namespace terway::endpoint
