// The one room that decides: what each CNI verb does to an endpoint, its record and its addresses.
//
// Order and durability: the record is written before the first change to the kernel and erased
// after the last; addresses go into cool-down in the same transaction that erases the record. So
// whatever moment the process dies, the next one finds every half-done endpoint and finishes taking
// it down.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "base/netns.hpp"
#include "cni/request.hpp"
#include "cni/result.hpp"
#include "cni/ticket.hpp"
#include "endpoint/chain.hpp"
#include "endpoint/eni_care.hpp"
#include "endpoint/key_lock.hpp"
#include "endpoint/lane.hpp"
#include "endpoint/operation.hpp"
#include "endpoint/pod_facts.hpp"
#include "endpoint/qos_wish.hpp"
#include "endpoint/reaper.hpp"
#include "endpoint/registry.hpp"
#include "endpoint/rule_keeper.hpp"
#include "endpoint/suspects.hpp"
#include "pool/address_pool.hpp"
#include "profile/profile.hpp"

namespace terway::endpoint {

// What take_over found after a restart.
struct Adoption {
    std::size_t kept = 0;      // Ready endpoints that run on
    std::size_t gone = 0;      // Ready ones that no longer exist
    std::size_t finished = 0;  // half-done ones taken down
    std::size_t failed = 0;    // left for the sweeper
};

// The UID may be empty: any of that name.
struct PodIdentity {
    std::string pod_namespace;
    std::string name;
    std::string uid;
};

// Any thread, in the host's network namespace. Every verb throws Error (cni::CniError where the
// specification has a code of its own).
class Manager {
public:
    // Borrows everything; the reaper is finished before the manager goes.
    struct Parts {
        const profile::Profile& profile;
        const Modules& modules;
        host::Gate& gate;
        Reaper& reaper;
        Registry& registry;
        store::Store& store;
        pool::AddressPool& pool;
        Metrics& metrics;
        PodSource& pods;
        std::vector<EniCare*> cares;  // of the ENIs endpoints have addresses of
        // Hears of each repair and what was found; may be empty. Must not throw.
        std::function<void(const EndpointRecord&, const std::string&)> repaired;
        RuleKeeper* rules = nullptr;  // null where nobody knows of policies
        // Hears of endpoints that ask for limits and whose chain has no QoS module; may be empty.
        // Must not throw.
        std::function<void(const EndpointSpec&)> unlimited{};
        // What else running pods suffer from; empty text: nothing. May be empty.
        std::function<std::string()> suffering{};
    };
    explicit Manager(const Parts& parts);

    // Before anything else, and before the pool looks at the cloud: the addresses of all records
    // are in use, and what cooled goes on cooling.
    void reclaim_addresses();
    // Then takes each endpoint over or down.
    Adoption take_over(const Operation& operation);

    [[nodiscard]] cni::Result add(const cni::Request& request, const Netns& netns,
                                  const Operation& operation);
    // Succeeds whatever is left of the endpoint; what could not be removed stays recorded, its
    // addresses stay taken, and the sweeper goes on. Throws only when the key is not to be had.
    void del(const cni::Request& request, int netns_fd, const Operation& operation);
    void check(const cni::Request& request, const Netns& netns, const Operation& operation);
    // Takes down every endpoint of the request's network that it does not list.
    void gc(const cni::Request& request, const Operation& operation);
    // Throws if an ADD could not be served now.
    void require_capacity();
    // The same, and if running pods suffer.
    void status();

    // Works off the tickets clients left while there was no daemon. Answers how many.
    std::size_t drain_tickets(const Operation& operation);
    // One round of the sweeper: unfinished removals, tickets, cooled addresses.
    void sweep(const Operation& operation);

    // Compares the Ready endpoints among the suspects with the kernel and puts right what differs.
    // Answers how many were. Does not throw.
    std::size_t repair(const Suspects& suspects, const Operation& operation);

    // Gives the pod's running endpoints that have a QoS module what its annotations ask for now.
    // Answers what they have, if they had anything else. Throws Error; then the record still says
    // the former.
    [[nodiscard]] std::optional<QosWish> limit(const PodIdentity& pod, const QosWish& wish,
                                               const Operation& operation);

    // How the limits of a running endpoint do; nothing if it has none. Throws Error.
    [[nodiscard]] std::optional<LimitStates> observe(const EndpointRecord& record,
                                                     const Operation& operation);

    // What its rules decided; nothing without a policy module. Throws Error.
    [[nodiscard]] std::optional<RuleCounters> count(const EndpointRecord& record,
                                                    const Operation& operation);

    [[nodiscard]] std::vector<EndpointRecord> records() const { return parts_.registry.all(); }
    // Compares one endpoint with the kernel. Throws the first discrepancy.
    void check_record(const EndpointRecord& record, const Operation& operation);

private:
    [[nodiscard]] EndpointRecord new_record(const cni::Request& request,
                                            std::vector<ModulePin> chain) const;
    // Of an endpoint nobody remembers: everything that can have served it.
    [[nodiscard]] EndpointRecord forgotten_record(const cni::Request& request) const;
    // Waits for addresses, but no longer than until a DEL of the same endpoint comes in.
    // Both give up when a DEL comes.
    [[nodiscard]] PodFacts facts_of(const cni::Request& request, const Operation& operation,
                                    const KeyLock::Guard& guard);
    [[nodiscard]] pool::Lease lease(const EndpointRecord& record, const cni::Request& request,
                                    const Operation& operation, const KeyLock::Guard& guard);
    void clear_former(EndpointRecord former, const Netns& netns, const Operation& operation,
                      KeyLock::Guard& guard);
    void bring_up(EndpointRecord& record, const Netns& netns, const Operation& operation,
                  KeyLock::Guard& guard);
    // Until the rules are in the kernel, before the first packet; a DEL ends it.
    void await_rules(const EndpointRecord& record, const Operation& operation,
                     const KeyLock::Guard& guard);
    // Until the policy module finds them there, where the profile says so; likewise.
    void confirm_rules(const EndpointRecord& record, const Netns& netns, const Operation& operation,
                       KeyLock::Guard& guard);
    // Runs a wait for policies which a DEL ends.
    static void until_removed(const EndpointRecord& record, const Operation& operation,
                              const KeyLock::Guard& guard,
                              const std::function<void(const Operation&)>& wait);
    // The endpoint leaves the kernel, the record and the pool. Throws what stopped it.
    void take_down(EndpointRecord record, int netns_fd, const Operation& operation,
                   KeyLock::Guard& guard);
    void detach(EndpointRecord& record, int netns_fd, const Operation& operation,
                KeyLock::Guard& guard);
    // The dataplanes that have other addresses of its ENI hear that the endpoint is gone.
    void say_goodbye(const EndpointRecord& record, const Operation& operation) noexcept;
    bool take_down_quietly(const EndpointRecord& record, const Operation& operation);
    // Nothing remembers these addresses any more; the pool may give them to others.
    void set_free(const std::vector<IpAddress>& addresses) noexcept;
    [[nodiscard]] std::optional<QosWish> limit_one(const EndpointKey& key, const PodIdentity& pod,
                                                   const QosWish& wish, const Operation& operation);
    [[nodiscard]] bool repair_one(const EndpointKey& key, const Operation& operation);
    void take_over_one(EndpointRecord record, const Operation& operation, Adoption& adoption);

    const Parts parts_;
    Chain chain_;
    KeyLock keys_;
    Lane add_lane_;
    Lane del_lane_;
    cni::TicketQueue tickets_;
};

}  // namespace terway::endpoint
