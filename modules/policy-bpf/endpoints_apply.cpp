// Carrying an update out: what is new first, then the switch, then what is gone.
#include <algorithm>

#include "clock.hpp"
#include "endpoints.hpp"
#include "terway/error.hpp"

namespace terway::policy_bpf {
namespace {

// How long connections of before are made known, where nothing was known of a pod that was there.
constexpr std::uint64_t kLearning = 60'000'000'000;

std::uint64_t both(std::uint32_t ingress, std::uint32_t egress) {
    return static_cast<std::uint64_t>(ingress) << 32U | egress;
}

}  // namespace

void Endpoints::apply(const twy_policy_update& update) {
    if (update.is_full == 0 && !is_sure_) {
        throw Error(Status::Invalid, "policy update: a difference to what was not applied");
    }
    std::vector<policy::SetChange> changes;
    for (std::size_t i = 0; i < update.set_count; ++i) {
        changes.push_back(policy::set_change_from(*update.sets[i]));
    }
    is_sure_ = false;
    if (update.is_full != 0) {
        store_.forget_everything();
    }
    const auto first = static_cast<std::uint32_t>(state_->settings().next_id);
    try {
        store_.add(changes);
        read_rules(update);
    } catch (const std::exception&) {
        store_.take_back(first, changes);
        throw;
    }
    switch_rules(update);
    if (std::any_of(changes.begin(), changes.end(),
                    [](const auto& change) { return !change.removed.empty(); })) {
        await_programs();
    }
    store_.remove(changes);
    cut(changes);

    std::vector<policy::SetId> gone;
    for (std::size_t i = 0; update.is_full == 0 && i < update.gone_set_count; ++i) {
        gone.push_back(policy::set_id_from(update.gone_sets[i]));
    }
    store_.drop(gone);
    std::set<std::uint32_t> needed;
    for (const auto& [_, endpoint] : all_) {
        const auto rules = rules_of(endpoint.index);
        needed.insert(rules.begin(), rules.end());
    }
    store_.keep(needed);
    is_begun_ = is_begun_ || update.is_full != 0;
    is_sure_ = true;
}

void Endpoints::read_rules(const twy_policy_update& update) {
    told_.clear();
    const auto rules = [&](const twy_rule_set& raw) {
        return store_.rules(policy::rule_set_from(raw));
    };
    for (std::size_t i = 0; i < update.endpoint_count; ++i) {
        const auto& raw = *update.endpoints[i];
        told_[policy::key_from(raw.key)] = both(rules(*raw.ingress), rules(*raw.egress));
    }
    for (std::size_t i = 0; i < update.gone_endpoint_count; ++i) {
        told_[policy::key_from(update.gone_endpoints[i])] = both(POLICY_CLOSED, POLICY_CLOSED);
    }
}

void Endpoints::switch_rules(const twy_policy_update& update) {
    for (auto& [key, endpoint] : all_) {
        const auto told = told_.find(key);
        if (told != told_.end()) {
            set_rules(endpoint, told->second);
        } else if (update.is_full != 0) {
            set_rules(endpoint, both(POLICY_CLOSED, POLICY_CLOSED));
        }
    }
}

void Endpoints::set_rules(Endpoint& endpoint, std::uint64_t rules) {
    auto& element = state_->endpoint(endpoint.index);
    store(element.rules, rules);
    if (element.learns_until == UINT64_MAX) {  // from the first rules on
        store(element.learns_until, monotonic_ns() + kLearning);
    }
    take_over(endpoint);
}

void Endpoints::take_over(Endpoint& endpoint) {
    for (auto& hook : endpoint.hooks) {
        if (hook.is_foreign) {
            auto socket = socket_of(hook);
            put(socket, hook.place, *state_);
            hook.is_foreign = false;
        }
    }
}

// Open connections of whom it may concern are asked about again.
void Endpoints::cut(const std::vector<policy::SetChange>& changes) {
    std::set<policy::SetId> narrower;
    std::set<policy::SetId> others;
    for (const auto& change : changes) {
        if (!change.removed.empty()) {
            narrower.insert(change.id);
        } else if (!change.is_new) {
            others.insert(change.id);
        }
    }
    for (const auto& [_, endpoint] : all_) {
        auto& element = state_->endpoint(endpoint.index);
        for (const auto id : rules_of(endpoint.index)) {
            if (store_.names_any(id, narrower) ||
                (store_.denies(id) && store_.names_any(id, others))) {
                store(element.epoch, element.epoch + 1);
                break;
            }
        }
    }
}

}  // namespace terway::policy_bpf
