#include "daemon/policy_service.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/back_off.hpp"
#include "base/checkpoint.hpp"
#include "base/heap.hpp"
#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using endpoint::EndpointRecord;
using profile::PolicyStartup;
using std::chrono::seconds;

constexpr std::chrono::hours kLong{1};
// Of an ADD's time, for what comes after the wait.
constexpr seconds kTimeToActivate{5};

double seconds_since(Deadline begun) {
    return std::chrono::duration<double>(Clock::now() - begun).count();
}

Gauge revision(Metrics& metrics, const char* of, const std::string& module) {
    return metrics.gauge("terway_policy_revision",
                         "Of the rules that policy modules are to have, and have",
                         {{"of", of}, {"module", module}});
}

}  // namespace

PolicyService::PolicyService(Parts parts) : parts_(std::move(parts)), book_(parts_.modules) {
    if (!parts_.knows_pods) {
        for (const auto kind : {PolicyInbox::Kind::Namespaces, PolicyInbox::Kind::Pods,
                                PolicyInbox::Kind::Policies, PolicyInbox::Kind::ClusterPolicies}) {
            parts_.inbox.synced(kind);
        }
    }
    count_closed();
}

void PolicyService::enter(const EndpointRecord& record, bool was_there) {
    const auto* const pin = endpoint::policy_pin(record);
    if (pin == nullptr) {
        return;
    }
    const auto& spec = record.spec;
    PolicySeat seat{
        board_.enter(record.key(), was_there), record.key(), pin->id, {}, {}, {}, was_there};
    if (parts_.knows_pods) {
        seat.pod = {spec.pod_namespace, spec.pod_name};
        seat.uid = spec.pod_uid;
    }
    for (const auto& prefix : spec.addresses) {
        seat.addresses.push_back(prefix.address());
    }
    parts_.inbox.tell({SeatNews::What::Came, std::move(seat)});
}

void PolicyService::attached(const EndpointRecord& record) {
    enter(record, false);
    if (parts_.settings.confirm && parts_.addressed) {
        parts_.addressed(record.spec);
    }
}

void PolicyService::adopted(const EndpointRecord& record) {
    enter(record, true);
}

void PolicyService::forget(const endpoint::EndpointKey& key) noexcept {
    try {
        const auto ticket = board_.ticket_of(key);
        if (board_.leave(key)) {
            PolicySeat seat;
            seat.ticket = ticket;
            seat.key = key;
            parts_.inbox.tell({SeatNews::What::Left, std::move(seat)});
            count_closed();
        }
    } catch (const std::exception& error) {
        log::error("an endpoint's rules are not forgotten", {{"reason", error.what()}});
    }
}

void PolicyService::await(const EndpointRecord& record, const endpoint::Operation& operation) {
    if (endpoint::policy_pin(record) == nullptr) {
        return;
    }
    const auto ticket = board_.ticket_of(record.key());
    const auto begun = Clock::now();
    const auto patience =
        std::min(operation.deadline - kTimeToActivate, begun + parts_.settings.startup_deadline);
    const auto seen = board_.wait(record.key(), ticket, operation.stop, patience);
    if (seen == PolicyBoard::Seen::InVain && !operation.stop.stop_requested()) {
        go_on_without(record, ticket, operation);
    }
    parts_.metrics
        .histogram("terway_policy_add_wait_seconds", "How long ADDs waited for their pod's rules")
        .observe(seconds_since(begun));
    if (seen == PolicyBoard::Seen::Gone || operation.stop.stop_requested()) {
        throw Error(Status::Retry,
                    "endpoint " + record.key().text() + ": the wait for its policies was given up");
    }
}

void PolicyService::go_on_without(const EndpointRecord& record, PolicyTicket ticket,
                                  const endpoint::Operation& operation) {
    const bool lets_out = parts_.settings.startup == PolicyStartup::Allow;
    const auto why = why_closed(record.key());
    bool is_open = false;
    if (lets_out) {
        PolicySeat seat;
        seat.ticket = ticket;
        seat.key = record.key();
        parts_.inbox.tell({SeatNews::What::Open, std::move(seat)});
        const auto patience = std::min(operation.deadline, after(parts_.pace.opening));
        is_open = board_.wait(record.key(), ticket, operation.stop, patience) ==
                  PolicyBoard::Seen::InForce;
    }
    board_.pass(record.key(), ticket);
    count_closed();
    const std::string state = is_open ? "open" : "closed";
    count_late(state);
    log::warning("a pod starts before its policies are known",
                 {{"endpoint", record.key().text()}, {"state", state}, {"reason", why}});
    if (parts_.late) {
        parts_.late(record.spec, is_open ? "the pod's traffic is not restricted yet: " + why
                                         : "the pod has no network yet: " + why);
    }
}

void PolicyService::count_late(const std::string& state) const {
    parts_.metrics
        .counter("terway_policy_late_adds_total",
                 "Endpoints that went on before their pod's rules were known", {{"state", state}})
        .increment();
}

void PolicyService::confirm(const EndpointRecord& record, const endpoint::Operation& operation,
                            const std::function<std::string()>& why_not) {
    if (!parts_.settings.confirm) {
        return;
    }
    const auto patience =
        std::min(operation.deadline - kTimeToActivate, after(parts_.settings.startup_deadline));
    auto why = why_not();
    while (!why.empty() && rest_for(parts_.pace.confirm, operation.stop, patience)) {
        why = why_not();
    }
    if (why.empty()) {
        return;
    }
    if (operation.stop.stop_requested() || parts_.settings.startup == PolicyStartup::Deny) {
        throw Error(Status::Retry,
                    "endpoint " + record.key().text() + ": its policies are not in force: " + why);
    }
    count_late("unconfirmed");
    log::warning("a pod starts before its policies are in force",
                 {{"endpoint", record.key().text()}, {"reason", why}});
    if (parts_.late) {
        parts_.late(record.spec, "the pod's policies may not be in force yet: " + why);
    }
}

std::string PolicyService::why_closed(const endpoint::EndpointKey& key) const {
    if (const auto failed = failures_.lasting()) {
        return "its policies are not in force: " + failed->text;
    }
    if (look([](const PolicyBook& book) { return book.is_synced(); })) {
        const auto why = look([&](const PolicyBook& book) { return book.why_unruled(key); });
        return why.empty() ? "its rules are on their way to the kernel" : why;
    }
    const auto refusal = parts_.inbox.refusal();
    return "the API server has not told of all policies" + (refusal.empty() ? "" : ": " + refusal);
}

void PolicyService::count_closed() const {
    parts_.metrics
        .gauge("terway_policy_closed_endpoints",
               "Endpoints that are denied everything, as their pod's policies are not known")
        .set(static_cast<double>(board_.closed()));
}

namespace {

void warn_of_bad(const PolicyNews& news) {
    for (const auto& [name, policy] : news.policies) {
        if (policy != nullptr && policy->is_bad) {
            log::warning(
                "a NetworkPolicy has a part that the API server should have refused; that "
                "part allows nobody",
                {{"policy", name.text()}});
        }
    }
}

}  // namespace

void PolicyService::gather(const std::stop_token& stop, Deadline deadline) {
    auto news = parts_.inbox.take(stop, deadline);
    const auto begun = Clock::now();
    while (true) {
        warn_of_bad(news);
        {
            const MutexLock lock(book_mutex_);
            book_.take(news);
        }
        const auto waiting = parts_.inbox.size();
        parts_.metrics.gauge("terway_policy_waiting_news", "Changes nobody has looked at yet")
            .set(static_cast<double>(waiting));
        if (waiting == 0 || Clock::now() - begun > parts_.pace.gather) {
            return;
        }
        news = parts_.inbox.take(stop, begun);
    }
}

std::string PolicyService::carry_out(const PolicyDelivery& delivery) {
    const auto begun = Clock::now();
    std::string failed;
    try {
        const policy::AbiUpdate update(delivery.update, delivery.is_full, [&](const auto& pod) {
            const auto found = delivery.keys.find(pod);
            return found == delivery.keys.end() ? std::vector<policy::EndpointKey>{}
                                                : found->second;
        });
        parts_.apply(delivery.module, update.raw());
        checkpoint("policy.applied");
    } catch (const std::exception& error) {
        failed = error.what();
        parts_.metrics
            .counter("terway_policy_failures_total", "Rules that a module could not put in force",
                     {{"module", delivery.module}})
            .increment();
    }
    parts_.metrics
        .histogram("terway_policy_apply_seconds", "How long a module takes to put rules in force",
                   {{"module", delivery.module}})
        .observe(seconds_since(begun));
    return failed;
}

void PolicyService::tell_modules() {
    std::vector<PolicyDelivery> all;
    {
        const MutexLock lock(book_mutex_);
        all = book_.round();
    }
    std::string failed;
    for (const auto& delivery : all) {
        revision(parts_.metrics, "want", delivery.module)
            .set(static_cast<double>(delivery.update.revision));
        const auto text = carry_out(delivery);
        {
            const MutexLock lock(book_mutex_);
            book_.settle(delivery, text.empty());
        }
        if (text.empty()) {
            revision(parts_.metrics, "have", delivery.module)
                .set(static_cast<double>(delivery.update.revision));
            board_.publish(delivery.standings);
        } else {
            failed = text;
        }
    }
    count_closed();
    failures_.note(failed);
}

std::string PolicyService::trouble() const {
    if (const auto refusal = parts_.inbox.refusal(); !refusal.empty()) {
        return "policies are not known: " + refusal;
    }
    return failures_.trouble_after(parts_.pace.stale_after);
}

void PolicyService::run(const std::stop_token& stop) noexcept {
    pthread_setname_np(pthread_self(), "policy");
    auto next = Clock::now();  // when a module may be asked again
    bool has_tidied = false;
    while (!stop.stop_requested()) {
        try {
            gather(stop, failures_.lasting() ? next : after(kLong));
            if (Clock::now() < next || stop.stop_requested()) {
                continue;
            }
            tell_modules();
            if (!has_tidied && look([](const auto& book) { return book.is_synced(); })) {
                has_tidied = true;
                give_back_freed_memory();
            }
        } catch (const std::exception& error) {
            failures_.note(error.what());
            const MutexLock lock(book_mutex_);
            book_.distrust();
        }
        if (const auto failed = failures_.lasting()) {
            next = after(back_off(failed->times - 1, random_fraction(), parts_.pace.first_rest,
                                  parts_.pace.longest_rest));
        }
    }
}

}  // namespace terway::daemon
