// What each policy module has been told, and what it is to be told next. Pure; one thread at a
// time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/policy_board.hpp"
#include "daemon/policy_inbox.hpp"
#include "policy/abi_update.hpp"
#include "policy/index.hpp"

namespace terway::daemon {

// One update for one module.
struct PolicyDelivery {
    std::string module;
    bool is_full = false;
    policy::Update update;
    std::map<policy::ObjectName, std::vector<policy::EndpointKey>> keys;  // of its endpoints
    std::vector<PolicyBoard::Standing> standings;  // true as soon as it is applied
};

class PolicyBook {
public:
    // These modules are told even if they have no endpoint, so that they forget what is stale.
    explicit PolicyBook(const std::set<std::string>& modules);

    void take(const PolicyNews& news);

    // What is to be told now, at most one delivery for each module; settle() must follow for each.
    // Before everything is synced only such endpoints are named as may be open without it.
    [[nodiscard]] std::vector<PolicyDelivery> round();
    // After a failure the module is told everything again.
    void settle(const PolicyDelivery& delivery, bool is_applied);
    // A round was lost on its way.
    void distrust();

    // The revision of the latest round, and the latest that a module has.
    [[nodiscard]] std::uint64_t wanted() const noexcept { return revision_; }
    [[nodiscard]] std::uint64_t had(const std::string& module) const;
    [[nodiscard]] bool is_synced() const noexcept { return is_synced_; }
    // Why an endpoint has no rules though everything is synced, and what to do; empty if nothing is
    // amiss with its pod.
    [[nodiscard]] std::string why_unruled(const endpoint::EndpointKey& key) const;

    [[nodiscard]] const policy::Index& index() const noexcept { return index_; }
    // A pod's endpoints here, the newest last.
    [[nodiscard]] std::vector<const PolicySeat*> seats_of(const policy::ObjectName& pod) const;

private:
    struct Place {
        PolicySeat seat;
        bool is_open = false;  // until more is known of its pod
        bool is_told = false;
    };
    struct Module {
        bool is_begun = false;  // was told everything since that is known
        bool needs_full = true;
        std::uint64_t had = 0;
    };

    void take(const SeatNews& news);
    void take(const policy::ObjectName& name, const std::shared_ptr<const kube::Pod>& pod);
    // The index knows one endpoint for a pod.
    void tell_index(const policy::ObjectName& pod);
    [[nodiscard]] PolicyDelivery everything(const std::string& module) const;
    [[nodiscard]] PolicyDelivery difference(const std::string& module,
                                            const policy::Update& update) const;
    [[nodiscard]] PolicyDelivery preliminary(const std::string& module) const;
    // Puts in the rules of those that have just come or may be open.
    void add_rules(PolicyDelivery& delivery, bool of_all) const;
    void add_standings(PolicyDelivery& delivery, bool of_all) const;

    policy::Index index_;
    std::map<endpoint::EndpointKey, Place> places_;
    std::map<std::string, Module> modules_;
    std::shared_ptr<const policy::RuleSet> open_;
    std::uint64_t revision_ = 0;
    bool is_synced_ = false;
};

}  // namespace terway::daemon
