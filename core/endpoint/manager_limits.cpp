// How the limits of a running endpoint change, and how they do.
#include <algorithm>

#include "base/log.hpp"
#include "endpoint/manager.hpp"
#include "endpoint/manager_detail.hpp"
#include "endpoint/spec_maker.hpp"

namespace terway::endpoint {
namespace {

bool is_of(const EndpointSpec& spec, const PodIdentity& pod) {
    return spec.pod_namespace == pod.pod_namespace && spec.pod_name == pod.name &&
           (spec.pod_uid.empty() || pod.uid.empty() || spec.pod_uid == pod.uid);
}

// Without a module for it a limit is nothing but a wish.
bool can_be_limited(const EndpointRecord& record) {
    return record.state == EndpointState::Ready &&
           std::any_of(record.chain.begin(), record.chain.end(),
                       [](const ModulePin& pin) { return pin.role == ModuleRole::Qos; });
}

bool needs(const EndpointRecord& record, const PodIdentity& pod, const QosWish& wish) {
    return can_be_limited(record) && is_of(record.spec, pod) &&
           following(record.spec, wish) != record.spec;
}

}  // namespace

using namespace detail;

std::optional<QosWish> Manager::limit_one(const EndpointKey& key, const PodIdentity& pod,
                                          const QosWish& wish, const Operation& operation) {
    const log::Scope scope({{"endpoint", key.text()}});
    auto guard = keys_.lock(key, operation.stop, operation.deadline);
    auto record = parts_.registry.find(key);
    if (!record || !needs(*record, pod, wish)) {
        return std::nullopt;
    }
    const auto before = wish_of(record->spec);
    record->spec = following(std::move(record->spec), wish);
    const auto now = wish_of(record->spec);
    if (now == before) {
        parts_.registry.put(*record);  // other words for the same
        return std::nullopt;
    }
    const auto netns = reopen(record->spec.netns);
    chain_.limit(*record, fd_of(netns), operation, overdue(operation, guard, nullptr, key));
    parts_.registry.put(*record);
    log::info("bandwidth changed", {{"ingress_bps", now.rates.ingress},
                                    {"egress_bps", now.rates.egress},
                                    {"priority", name_of(now.priority)}});
    return now;
}

std::optional<QosWish> Manager::limit(const PodIdentity& pod, const QosWish& wish,
                                      const Operation& operation) {
    std::optional<QosWish> changed;
    for (const auto& record : parts_.registry.all()) {
        if (needs(record, pod, wish)) {
            const auto now = limit_one(record.key(), pod, wish, operation);
            changed = now ? now : changed;
        }
    }
    return changed;
}

std::optional<LimitStates> Manager::observe(const EndpointRecord& record,
                                            const Operation& operation) {
    if (!can_be_limited(record) || wish_of(record.spec).rates == Rates{}) {
        return std::nullopt;
    }
    auto guard = keys_.lock(record.key(), operation.stop, operation.deadline);
    const auto netns = reopen(record.spec.netns);
    return chain_.observe(record, fd_of(netns), operation,
                          overdue(operation, guard, nullptr, record.key()));
}

}  // namespace terway::endpoint
