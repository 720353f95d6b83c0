#include "routes/keeper.hpp"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::routes {
namespace {

using cloud::ApiError;
using cloud::Patience;
using cloud::Reaction;

constexpr unsigned kThriftyRounds = 11;
// An accepted creation that was not seen so often is taken for lost, and its token for used up.
constexpr unsigned kVainLooks = 5;
constexpr double kJitter = 0.1;

// The cloud may carry such a creation out, now or with the same token later.
bool may_still_happen(Reaction reaction) {
    return reaction == Reaction::Unknown || reaction == Reaction::Throttled ||
           reaction == Reaction::Conflict || reaction == Reaction::WrongState;
}

std::string listed(const std::vector<std::string>& names) {
    std::string all;
    for (const auto& name : names) {
        all += (all.empty() ? "" : ", ") + name;
    }
    return all;
}

void check_stop(const Patience& patience) {
    if (patience.stop.stop_requested()) {
        throw Error(Status::Retry, "the daemon stops");
    }
}

std::string with_remark(const std::string& text, const std::string& remark) {
    return remark.empty() ? text : text + ", but " + remark;
}

void log_change(const RouteState& before, const RouteState& now) {
    if (before.text == now.text) {
        return;
    }
    const bool fine = now.in_place || now.text.starts_with("being");
    log::write(fine ? log::Level::Info : log::Level::Warning, "route of a pod CIDR",
               {{"cidr", now.cidr.text()}, {"state", now.text}, {"before", before.text}});
}

}  // namespace

Chances system_chances() {
    return {[] {
                std::random_device device;
                return std::uniform_real_distribution<double>(0, 1)(device);
            },
            [] {
                constexpr std::string_view kDigits = "0123456789abcdef";
                std::random_device device;
                std::uniform_int_distribution<std::size_t> digit(0, kDigits.size() - 1);
                std::string token = "terway-route-";
                for (int i = 0; i < 32; ++i) {
                    token += kDigits[digit(device)];
                }
                return token;
            }};
}

Keeper::Keeper(cloud::Api& api, Settings settings, Metrics& metrics, Chances chances)
    : api_(api),
      settings_(std::move(settings)),
      chances_(std::move(chances)),
      metrics_(metrics),
      pause_(settings_.first_pause) {
    if (settings_.instance.empty()) {
        throw Error(Status::Invalid, "a route keeper needs the id of its instance");
    }
    state_.table = settings_.table;
    for (const auto& cidr : settings_.pod_cidrs) {
        state_.routes.push_back({.cidr = cidr, .text = "not known yet"});
    }
}

void Keeper::run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "routes");
    while (!stop.stop_requested()) {
        const auto pause = round(stop);
        const MutexLock lock(mutex_);
        (void)wake_.wait(mutex_, stop, after(pause),
                         [this]() TERWAY_REQUIRES(mutex_) { return poked_; });
        poked_ = false;
    }
}

milliseconds Keeper::round(const std::stop_token& stop) {
    Outcome outcome;
    try {
        outcome = reconcile({stop, after(settings_.round_time)});
    } catch (const ApiError& error) {
        outcome.failure = error.what();
        count_failure(name_of(error.reaction()));
    } catch (const std::exception& error) {
        outcome.failure = error.what();
        count_failure("other");
    }
    if (stop.stop_requested()) {
        return milliseconds::zero();
    }
    if (!outcome.failure.empty()) {
        table_.clear();
        thrifty_rounds_left_ = 0;
    }
    if (!outcome.looked) {
        outcome.state = state();
    }
    outcome.state.trouble = outcome.failure;
    publish(outcome.state);
    return pause_after(outcome);
}

milliseconds Keeper::pause_after(const Outcome& outcome) {
    const bool quiet = outcome.settled && outcome.failure.empty();
    const auto span = quiet ? settings_.every : pause_;
    pause_ = quiet ? settings_.first_pause : std::min(pause_ * 2, settings_.last_pause);
    const double factor = 1 - kJitter + 2 * kJitter * chances_.jitter();
    return std::chrono::duration_cast<milliseconds>(span * factor);
}

Keeper::Outcome Keeper::reconcile(const Patience& patience) {
    Outcome outcome;
    find_table(patience);
    check_stop(patience);
    read_entries(patience);
    outcome.looked = true;
    outcome.state.table = table_;
    const auto decision = decide(settings_.instance, settings_.pod_cidrs, entries_);
    for (const auto& each : decision.cidrs) {
        if (each.action != Action::Create) {
            creations_.erase(each.cidr);
        }
    }
    remove_ours(decision, outcome, patience);
    for (const auto& each : decision.cidrs) {
        outcome.state.routes.push_back(act(each, outcome, patience));
    }
    return outcome;
}

void Keeper::find_table(const Patience& patience) {
    if (!settings_.table.empty()) {
        table_ = settings_.table;
    }
    if (!table_.empty()) {
        return;
    }
    std::string vpc = settings_.vpc;
    if (!settings_.vswitch.empty()) {
        for (const auto& vswitch : api_.describe_vswitches({settings_.vswitch}, patience)) {
            table_ = vswitch.route_table;
            vpc = vpc.empty() ? vswitch.vpc : vpc;
        }
        if (!table_.empty()) {
            return;
        }
        check_stop(patience);
    }
    const auto tables = api_.describe_route_tables(vpc, patience);
    if (tables.size() != 1) {
        throw Error(Status::Invalid,
                    "VPC " + vpc + " has " +
                        (tables.empty() ? "no route table that we may see"
                                        : "several route tables (" + listed(tables) + ")") +
                        " and vSwitch \"" + settings_.vswitch +
                        "\" names none; set route_table in [cloud]");
    }
    table_ = tables.front();
}

void Keeper::read_entries(const Patience& patience) {
    if (thrifty_rounds_left_ == 0) {
        entries_ = api_.describe_route_entries(table_, std::nullopt, patience);
        thrifty_rounds_left_ = kThriftyRounds;
        return;
    }
    --thrifty_rounds_left_;
    const auto& cidrs = settings_.pod_cidrs;
    std::erase_if(entries_, [&](const cloud::RouteEntry& entry) {
        return std::find(cidrs.begin(), cidrs.end(), entry.destination.network()) != cidrs.end();
    });
    for (const auto& cidr : cidrs) {
        check_stop(patience);
        auto found = api_.describe_route_entries(table_, cidr, patience);
        std::move(found.begin(), found.end(), std::back_inserter(entries_));
    }
}

template <class Call>
std::string Keeper::failure_of(const Patience& patience, Call call) {
    try {
        check_stop(patience);
        call();
        return {};
    } catch (const ApiError& error) {
        count_failure(name_of(error.reaction()));
        return error.what();
    }
}

void Keeper::remove_ours(const Decision& decision, Outcome& outcome, const Patience& patience) {
    outcome.state.stale = decision.removals.size();
    if (outcome.state.stale == 0) {
        return;
    }
    outcome.settled = false;
    thrifty_rounds_left_ = 0;
    for (const auto& [entry, possible_now] : decision.removals) {
        if (!possible_now) {
            continue;
        }
        const auto failure = failure_of(patience, [&, &removed = entry] {
            try {
                api_.delete_route_entry(removed, patience);
            } catch (const ApiError& error) {
                if (error.reaction() != Reaction::Gone) {
                    throw;
                }
            }
            log::info("route entry of ours removed", {{"cidr", removed.destination.text()},
                                                      {"table", table_},
                                                      {"next_hop", removed.next_hop}});
            metrics_
                .counter("terway_route_changes_total", "Route entries made and removed",
                         {{"change", "remove"}})
                .increment();
        });
        if (outcome.failure.empty()) {
            outcome.failure = failure;
        }
    }
}

RouteState Keeper::act(const CidrDecision& decision, Outcome& outcome, const Patience& patience) {
    const auto& [cidr, action, remark] = decision;
    switch (action) {
        case Action::Nothing:
            return {.cidr = cidr, .in_place = true, .text = with_remark("in place", remark)};
        case Action::Conflict:
            return {.cidr = cidr, .conflict = true, .text = "conflict: " + remark};
        case Action::Wait:
            outcome.settled = false;
            return {.cidr = cidr, .text = "being made"};
        case Action::Replace:
            outcome.settled = false;
            return {.cidr = cidr, .text = "being replaced: " + remark};
        case Action::Create:
            break;
    }
    outcome.settled = false;
    const auto failure = failure_of(patience, [&, &wanted = cidr] { create(wanted, patience); });
    if (failure.empty()) {
        return {.cidr = cidr, .text = with_remark("being made", remark)};
    }
    if (outcome.failure.empty()) {
        outcome.failure = failure;
    }
    return {.cidr = cidr, .text = "not made: " + failure};
}

void Keeper::create(const Prefix& cidr, const Patience& patience) {
    auto& creation = creations_[cidr];
    if (creation.accepted && ++creation.vain_looks < kVainLooks) {
        return;
    }
    if (creation.accepted || creation.token.empty()) {
        creation = {chances_.new_token()};
    }
    try {
        api_.create_route_entry(table_, cidr, settings_.instance, mark_of(settings_.instance),
                                creation.token, patience);
    } catch (const ApiError& error) {
        if (!may_still_happen(error.reaction())) {
            creations_.erase(cidr);
        }
        throw;
    }
    creation.accepted = true;
    pause_ = settings_.first_pause;
    metrics_
        .counter("terway_route_changes_total", "Route entries made and removed",
                 {{"change", "create"}})
        .increment();
}

void Keeper::count_failure(std::string_view reaction) {
    metrics_
        .counter("terway_route_failures_total", "Failed calls and rounds of the route keeper",
                 {{"reaction", std::string(reaction)}})
        .increment();
}

void Keeper::publish(State state) {
    const auto count = [&](auto test) {
        return static_cast<double>(std::count_if(state.routes.begin(), state.routes.end(), test));
    };
    metrics_.counter("terway_route_rounds_total", "Looks at the VPC's route table").increment();
    metrics_.gauge("terway_routes_wanted", "Pod CIDRs of this node")
        .set(static_cast<double>(state.routes.size()));
    metrics_.gauge("terway_routes_in_place", "Pod CIDRs that the VPC leads to this node")
        .set(count([](const RouteState& route) { return route.in_place; }));
    metrics_.gauge("terway_route_conflicts", "Pod CIDRs that somebody else's entry leads elsewhere")
        .set(count([](const RouteState& route) { return route.conflict; }));
    const auto before = this->state();
    for (std::size_t i = 0; i < state.routes.size(); ++i) {
        log_change(before.routes[i], state.routes[i]);
    }
    if (!state.trouble.empty() && state.trouble != before.trouble) {
        log::warning("the VPC's routes could not be brought in order",
                     {{"table", state.table}, {"reason", state.trouble}});
    }
    state.rounds = before.rounds + 1;
    const MutexLock lock(mutex_);
    state_ = std::move(state);
}

void Keeper::poke() {
    const MutexLock lock(mutex_);
    poked_ = true;
    wake_.notify_one();
}

State Keeper::state() const {
    const MutexLock lock(mutex_);
    return state_;
}

}  // namespace terway::routes
