// The modules of an endpoint, in order: up dataplane, QoS, policy, then activate; down in reverse.
//
// A chain is a saga, not a transaction: whoever called attach and got an Error calls detach, which
// works on half-made things. No verb here takes a lock or a lane.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "endpoint/limit_state.hpp"
#include "endpoint/operation.hpp"
#include "endpoint/record.hpp"
#include "endpoint/rule_counters.hpp"
#include "host/gate.hpp"
#include "host/module.hpp"

namespace terway::endpoint {

// The loaded modules by id, those of the profile and those old records still need.
using Modules = std::map<std::string, std::unique_ptr<host::Module>>;

class Chain {
public:
    // Borrows everything. `overdue` of a verb runs on the watchdog's thread.
    Chain(const Modules& modules, host::Gate& gate, host::LinkReaper& reaper)
        : modules_(modules), gate_(gate), reaper_(reaper) {}

    // Makes the record's endpoint, through which nothing passes yet: fills its attachment and the
    // states of its pins. Throws the first Error; what was made stays for detach.
    void attach(EndpointRecord& record, int netns_fd, const Operation& operation,
                const std::function<void()>& overdue);
    // Lets traffic through what attach made.
    void activate(EndpointRecord& record, int netns_fd, const Operation& operation,
                  const std::function<void()>& overdue);
    // Whether the policy module has the endpoint's rules in force; nothing without one. Throws what
    // it finds.
    void confirm(const EndpointRecord& record, int netns_fd, const Operation& operation,
                 const std::function<void()>& overdue);
    // Takes everything down, as far as it goes. Throws the first Error at the end.
    void detach(EndpointRecord& record, int netns_fd, const Operation& operation,
                const std::function<void()>& overdue);
    // Puts the record's limits in place on its running endpoint; nothing without a QoS module.
    void limit(EndpointRecord& record, int netns_fd, const Operation& operation,
               const std::function<void()>& overdue);
    // Nothing without a QoS module.
    [[nodiscard]] std::optional<LimitStates> observe(const EndpointRecord& record, int netns_fd,
                                                     const Operation& operation,
                                                     const std::function<void()>& overdue);
    // The same without a policy module.
    [[nodiscard]] std::optional<RuleCounters> count(const EndpointRecord& record, int netns_fd,
                                                    const Operation& operation,
                                                    const std::function<void()>& overdue);
    // Throws the first discrepancy.
    void check(const EndpointRecord& record, int netns_fd, const Operation& operation,
               const std::function<void()>& overdue);
    // Takes a Ready record over; false if its endpoint is gone. Throws Error otherwise.
    [[nodiscard]] bool adopt(EndpointRecord& record, int netns_fd, const Operation& operation,
                             const std::function<void()>& overdue);

private:
    struct Step;  // one record under one operation
    [[nodiscard]] const host::Module& module_of(const ModulePin& pin) const;

    const Modules& modules_;
    host::Gate& gate_;
    host::LinkReaper& reaper_;
};

}  // namespace terway::endpoint
