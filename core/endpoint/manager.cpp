#include "endpoint/manager.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "base/checkpoint.hpp"
#include "base/log.hpp"
#include "cni/failure.hpp"
#include "endpoint/manager_detail.hpp"
#include "endpoint/names.hpp"
#include "endpoint/outcome.hpp"
#include "endpoint/qos_wish.hpp"
#include "endpoint/spec_maker.hpp"

namespace terway::endpoint {
namespace {

// An address that cools may be worth this wait; longer ones are the runtime's to decide. The cloud
// is given all the time the request has, but for what comes after.
constexpr std::chrono::seconds kCoolingPatience{10};
constexpr std::chrono::seconds kTimeToBuild{10};
// Undoing gets its own time: the request's may be used up.
constexpr std::chrono::seconds kUndoTime{30};

Deadline lease_deadline(pool::Source source, Deadline operation) {
    return source == pool::Source::PodCidr ? std::min(operation, after(kCoolingPatience))
                                           : operation - kTimeToBuild;
}

Operation for_undo(const Operation& operation) {
    return {after(kUndoTime), {}, operation.answer_early};
}

// A runtime that attaches a sandbox anew asks for the MAC it had, which it then has.
void refuse_other_mac(const EndpointRecord& record, const cni::Request& request) {
    const auto asked = cni::requested_mac(request);
    if (asked && record.attachment && *asked != record.attachment->pod_mac) {
        throw cni::CniError(cni::Code::UnsupportedField,
                            "MAC: " + asked->text() + ": this network gives out its own MACs");
    }
}

}  // namespace

using namespace detail;

Manager::Manager(const Parts& parts)
    : parts_(parts),
      chain_(parts.modules, parts.gate, parts.reaper),
      add_lane_("add", parts.profile.daemon.add_lane),
      del_lane_("del", parts.profile.daemon.del_lane),
      tickets_(parts.profile.daemon.queue) {
    parts.reaper.on_release([this](const auto& addresses) { set_free(addresses); });
}

EndpointRecord Manager::new_record(const cni::Request& request,
                                   std::vector<ModulePin> chain) const {
    EndpointRecord record;
    record.spec = spec_of(request, parts_.profile);
    record.chain = std::move(chain);
    record.created = wall_now();
    record.traceparent = request.traceparent;
    return record;
}

EndpointRecord Manager::forgotten_record(const cni::Request& request) const {
    return new_record(request, every_pin(parts_.profile, parts_.modules));
}

cni::Result Manager::add(const cni::Request& request, const Netns& netns,
                         const Operation& operation) {
    const EndpointKey key{request.container_id, request.ifname};
    // From here on a DEL waits, or it would find nothing and leave what is built afterwards.
    auto guard = keys_.lock(key, operation.stop, operation.deadline);
    const auto facts = facts_of(request, operation, guard);
    const auto choice = choose(parts_.profile, facts);
    if (choice.rule) {
        log::debug("a rule chose the chain", {{"line", choice.chain.place.line}});
    }
    auto record = new_record(request, pins_of(choice.chain, parts_.modules));
    record.spec.source = source_of(choice.chain.addresses);
    take_wish(record.spec, qos_wish_of(facts.annotations),
              rates_if_any(request.config.runtime.pod_annotations));
    if (facts.keeps_addresses && record.spec.sticky.empty()) {
        record.spec.sticky = sticky_name({"*/*"}, record.spec);
    }
    if (!choice.chain.qos && record.spec.ingress_bps + record.spec.egress_bps > 0) {
        log::warning("a bandwidth limit is asked for, and the pod's chain has no qos module");
        if (parts_.unlimited) {
            parts_.unlimited(record.spec);
        }
    }
    (void)tickets_.remove(cni::TicketKey::of(request));
    if (auto former = parts_.registry.find(key)) {
        clear_former(*std::move(former), netns, operation, guard);
    }
    note_lease(record.spec, lease(record, request, operation, guard));
    try {
        checkpoint("add.leased");
        parts_.registry.put(record);
    } catch (...) {
        // A former record still names these addresses, and the sweeper gives them back with it.
        if (!parts_.registry.find(key)) {
            parts_.pool.give_back(key.full_text());
        }
        throw;
    }
    try {
        checkpoint("add.recorded");
        bring_up(record, netns, operation, guard);
        refuse_other_mac(record, request);
        const auto own = result_of(record, request);
        auto result = request.config.previous ? cni::merge(*request.config.previous, own) : own;
        record.state = EndpointState::Ready;
        record.result = result.to_json(request.config.cni_version);
        parts_.registry.put(record);
        checkpoint("add.ready");
        return result;
    } catch (const Error& error) {
        log::warning("add failed, undoing", {{"reason", error.what()}});
        try {
            take_down(record, netns.fd(), for_undo(operation), guard);
        } catch (const Error& undo_error) {
            log::error("undo failed, left to the sweeper", {{"reason", undo_error.what()}});
        }
        throw;
    }
}

PodFacts Manager::facts_of(const cni::Request& request, const Operation& operation,
                           const KeyLock::Guard& guard) {
    const auto removal = guard.interruption();
    const EitherStop stop(operation.stop, removal);
    auto facts =
        parts_.pods.facts(request, {operation.deadline, stop.token(), operation.answer_early});
    if (removal.stop_requested()) {
        throw Error(Status::Retry, "endpoint " +
                                       EndpointKey{request.container_id, request.ifname}.text() +
                                       " was removed while it waited for its pod");
    }
    return facts;
}

pool::Lease Manager::lease(const EndpointRecord& record, const cni::Request& request,
                           const Operation& operation, const KeyLock::Guard& guard) {
    const auto removal = guard.interruption();
    const EitherStop stop(operation.stop, removal);
    try {
        return parts_.pool.lease(
            {record.key().full_text(), record.spec.sticky, record.spec.source}, stop.token(),
            lease_deadline(record.spec.source, operation.deadline), cni::requested_ips(request));
    } catch (const Error&) {
        if (removal.stop_requested()) {
            throw Error(Status::Retry, "endpoint " + record.key().text() +
                                           " was removed while it waited for an address");
        }
        throw;
    }
}

void Manager::bring_up(EndpointRecord& record, const Netns& netns, const Operation& operation,
                       KeyLock::Guard& guard) {
    {
        auto permit = add_lane_.enter(operation.stop, operation.deadline);
        const auto stuck = overdue(operation, guard, &permit, record.key());
        chain_.attach(record, netns.fd(), operation, stuck);
        if (parts_.rules == nullptr || policy_pin(record) == nullptr) {
            chain_.activate(record, netns.fd(), operation, stuck);
        }
    }
    // The lane is for work in the kernel; waiting needs none of it.
    if (parts_.rules != nullptr && policy_pin(record) != nullptr) {
        parts_.rules->attached(record);
        await_rules(record, operation, guard);
        {
            auto permit = add_lane_.enter(operation.stop, operation.deadline);
            chain_.activate(record, netns.fd(), operation,
                            overdue(operation, guard, &permit, record.key()));
        }
        confirm_rules(record, netns, operation, guard);
    }
    for (auto* const care : parts_.cares) {
        care->entered(record, operation);
    }
}

void Manager::until_removed(const EndpointRecord& record, const Operation& operation,
                            const KeyLock::Guard& guard,
                            const std::function<void(const Operation&)>& wait) {
    const auto removal = guard.interruption();
    const EitherStop stop(operation.stop, removal);
    try {
        wait({operation.deadline, stop.token(), operation.answer_early});
    } catch (const Error&) {
        if (removal.stop_requested()) {
            throw Error(Status::Retry, "endpoint " + record.key().text() +
                                           " was removed while it waited for its policies");
        }
        throw;
    }
}

void Manager::await_rules(const EndpointRecord& record, const Operation& operation,
                          const KeyLock::Guard& guard) {
    until_removed(record, operation, guard,
                  [&](const auto& until) { parts_.rules->await(record, until); });
    checkpoint("add.rules_awaited");
}

void Manager::confirm_rules(const EndpointRecord& record, const Netns& netns,
                            const Operation& operation, KeyLock::Guard& guard) {
    const auto why_not = [&]() -> std::string {
        try {
            chain_.confirm(record, netns.fd(), operation,
                           overdue(operation, guard, nullptr, record.key()));
            return {};
        } catch (const Error& error) {
            if (error.status() != Status::Retry) {
                throw;
            }
            return error.what();
        }
    };
    until_removed(record, operation, guard,
                  [&](const auto& until) { parts_.rules->confirm(record, until, why_not); });
}

void Manager::clear_former(EndpointRecord former, const Netns& netns, const Operation& operation,
                           KeyLock::Guard& guard) {
    if (former.state == EndpointState::Ready) {
        bool alive = true;
        try {
            chain_.check(former, netns.fd(), operation,
                         overdue(operation, guard, nullptr, former.key()));
        } catch (const Error&) {
            alive = false;
        }
        if (alive) {
            throw Error(Status::Invalid, "endpoint " + former.key().text() + " exists already");
        }
    }
    // The lease stays: the same endpoint gets the same addresses again.
    log::info("replacing what an earlier request left behind", {{"state", name_of(former.state)}});
    parts_.registry.begin_removal(former);
    detach(former, netns.fd(), operation, guard);
}

void Manager::detach(EndpointRecord& record, int netns_fd, const Operation& operation,
                     KeyLock::Guard& guard) {
    if (parts_.rules != nullptr) {
        parts_.rules->forget(record.key());
    }
    auto permit = del_lane_.enter(operation.stop, operation.deadline);
    chain_.detach(record, netns_fd, operation, overdue(operation, guard, &permit, record.key()));
}

void Manager::take_down(EndpointRecord record, int netns_fd, const Operation& operation,
                        KeyLock::Guard& guard) {
    const auto key = record.key();
    if (record.state != EndpointState::Deleting) {
        parts_.registry.begin_removal(record);
        checkpoint("del.recorded");
    }
    detach(record, netns_fd, operation, guard);
    const auto addresses = bare(record.spec.addresses);
    std::vector<store::CoolingAddress> cooling;
    cooling.reserve(addresses.size());
    for (const auto& address : addresses) {
        cooling.push_back(
            {address, parts_.pool.cool_until(record.spec.sticky), record.spec.sticky});
    }
    parts_.registry.erase(key, cooling);
    say_goodbye(record, operation);
    parts_.pool.hold(addresses);
    parts_.pool.release(key.full_text());
    parts_.reaper.release_after_retired(addresses);
    checkpoint("del.erased");
}

void Manager::say_goodbye(const EndpointRecord& record, const Operation& operation) noexcept {
    for (auto* const care : parts_.cares) {
        try {
            care->left(record, operation);
        } catch (const std::exception& error) {
            log::warning("an ENI's other dataplanes did not hear that an endpoint is gone",
                         {{"eni", record.spec.eni}, {"reason", error.what()}});
        }
    }
}

void Manager::del(const cni::Request& request, int netns_fd, const Operation& operation) {
    const EndpointKey key{request.container_id, request.ifname};
    keys_.interrupt(key);
    auto guard = keys_.lock(key, operation.stop, operation.deadline);
    const auto known = parts_.registry.find(key);
    try {
        if (known) {
            take_down(*known, netns_fd, operation, guard);
        } else {
            auto nobody = forgotten_record(request);
            detach(nobody, netns_fd, operation, guard);
        }
    } catch (const Error& error) {
        parts_.metrics
            .counter("terway_detach_failures_total", "Removals that could not be finished at once")
            .increment();
        log::error(known ? "removal not finished, left to the sweeper"
                         : "nothing is known of this endpoint, and looking for leftovers failed",
                   {{"reason", error.what()}});
    }
    (void)tickets_.remove(cni::TicketKey::of(request));
}

void Manager::check(const cni::Request& request, const Netns& netns, const Operation& operation) {
    const EndpointKey key{request.container_id, request.ifname};
    auto guard = keys_.lock(key, operation.stop, operation.deadline);
    const auto record = parts_.registry.find(key);
    if (!record || record->state != EndpointState::Ready) {
        throw cni::CniError(cni::Code::UnknownContainer,
                            "endpoint " + key.text() + " does not exist");
    }
    compare_with_previous(*record, request);
    chain_.check(*record, netns.fd(), operation, overdue(operation, guard, nullptr, key));
}

void Manager::check_record(const EndpointRecord& record, const Operation& operation) {
    auto guard = keys_.lock(record.key(), operation.stop, operation.deadline);
    const auto netns = reopen(record.spec.netns);
    chain_.check(record, fd_of(netns), operation, overdue(operation, guard, nullptr, record.key()));
}

std::optional<RuleCounters> Manager::count(const EndpointRecord& record,
                                           const Operation& operation) {
    auto guard = keys_.lock(record.key(), operation.stop, operation.deadline);
    const auto netns = reopen(record.spec.netns);
    return chain_.count(record, fd_of(netns), operation,
                        overdue(operation, guard, nullptr, record.key()));
}

void Manager::gc(const cni::Request& request, const Operation& operation) {
    if (!request.config.valid_attachments) {
        throw cni::CniError(cni::Code::InvalidConfig,
                            "cni.dev/valid-attachments is missing; without a list nothing is "
                            "known to be stale");
    }
    std::set<EndpointKey> valid;
    for (const auto& attachment : *request.config.valid_attachments) {
        valid.insert({attachment.container_id, attachment.ifname});
    }
    std::string failed;
    for (const auto& record : parts_.registry.all()) {
        if (record.spec.network == request.config.name && !valid.contains(record.key()) &&
            !take_down_quietly(record, operation)) {
            failed += " " + record.key().text();
        }
    }
    if (!failed.empty()) {
        throw Error(Status::Internal, "not all stale endpoints could be removed:" + failed);
    }
}

void Manager::status() {
    require_capacity();
    auto trouble = parts_.rules == nullptr ? "" : parts_.rules->trouble();
    if (trouble.empty() && parts_.suffering) {
        trouble = parts_.suffering();
    }
    if (!trouble.empty()) {
        throw cni::CniError(cni::Code::NotAvailableLimited, trouble);
    }
}

void Manager::require_capacity() {
    if (parts_.gate.lost() > 0) {
        throw cni::CniError(cni::Code::NotAvailable, "a module does not return from a call");
    }
    if (const auto trouble = parts_.pool.trouble(); !trouble.empty()) {
        throw cni::CniError(cni::Code::NotAvailable, trouble);
    }
}

}  // namespace terway::endpoint
