#include "host/gate.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/log.hpp"
#include "host/verb.hpp"
#include "terway/error.hpp"

namespace terway::host {
namespace {

MetricLabels labels_of(const Module& module, std::string_view name) {
    return {{"module", module.id()}, {"verb", std::string(name)}};
}

const char* status_name(Status status) {
    switch (status) {
        case Status::Invalid:
            return "invalid";
        case Status::Retry:
            return "retry";
        case Status::Unsupported:
            return "unsupported";
        case Status::Gone:
            return "gone";
        case Status::Internal:
            break;
    }
    return "internal";
}

// As with NetnsScope: a thread left in a sandbox would corrupt everything it touches next.
void go_home(const Netns& home) {
    if (::setns(home.fd(), CLONE_NEWNET) != 0) {
        std::perror("terway: cannot return to the host network namespace");
        std::abort();
    }
}

Gauge lost_gauge(Metrics& metrics) {
    return metrics.gauge("terway_module_lost_calls",
                         "Calls into modules that were given up and have not returned.");
}

}  // namespace

Gate::Gate(Metrics& metrics, GateOptions options, Breadcrumbs breadcrumbs)
    : metrics_(metrics),
      options_(std::move(options)),
      breadcrumbs_(std::move(breadcrumbs)),
      home_(Netns::current()),
      home_inode_(home_.inode()),
      watchdog_(
          options_.max_lost, [gauge = lost_gauge(metrics)](int change) { gauge.add(change); },
          options_.give_up) {}

Gate::Returned Gate::call(const Module& module, std::string_view name, std::string_view key,
                          twy_call& call, const Verb& verb) {
    const std::string context = "module " + module.id() + ": " + std::string(name);
    refuse_offender(module, name, key, context);
    call.state.reset();
    call.callback_failure.reset();
    call.verb_deadline =
        call.is_long ? call.deadline : std::min(call.deadline, after(options_.module_deadline));

    const auto begun = Clock::now();
    Answer answer;
    bool late = false;
    {
        const BreadcrumbScope breadcrumb(module.id(), name, key);
        Watchdog::Watch watch(watchdog_, call.verb_deadline + options_.grace,
                              [&] { give_call_up(module, name, key, call); });
        answer = run_verb(verb);
        late = watch.finish();
    }
    measure(module, name, Clock::now() - begun);

    const auto failure = failure_of(module, name, call, answer, context);
    if (failure) {
        auto labels = labels_of(module, name);
        labels["status"] = status_name(failure->status());
        metrics_.counter("terway_module_failures_total", "Calls into modules that failed.", labels)
            .increment();
    }
    if (late) {
        log::warning("a call given up has returned after all",
                     {{"module", module.id()},
                      {"verb", name},
                      {"endpoint", key},
                      {"answer", failure ? failure->what() : "done"}});
        return Returned::Late;
    }
    if (failure) {
        throw Error(*failure);
    }
    return Returned::InTime;
}

void Gate::refuse_offender(const Module& module, std::string_view name, std::string_view key,
                           const std::string& context) const {
    if (breadcrumbs_.repeats(module.id(), name, key)) {
        throw Error(Status::Internal,
                    context + ": not tried on " + std::string(key.empty() ? "the node" : key) +
                        ", it crashed the daemon three times running; see " + breadcrumbs_.path());
    }
}

// Runs on the watchdog's thread.
void Gate::give_call_up(const Module& module, std::string_view name, std::string_view key,
                        const twy_call& call) noexcept {
    try {
        log::error("a module does not return, its call is given up",
                   {{"module", module.id()}, {"verb", name}, {"endpoint", key}});
        metrics_
            .counter("terway_module_overdue_total", "Calls into modules that were given up.",
                     labels_of(module, name))
            .increment();
        if (call.on_overdue) {
            call.on_overdue();
        }
    } catch (const std::exception& error) {
        log::error("cannot act on a call given up",
                   {{"module", module.id()}, {"verb", name}, {"reason", error.what()}});
    }
}

void Gate::measure(const Module& module, std::string_view name, Clock::duration spent) {
    metrics_
        .histogram("terway_module_call_seconds", "Time spent in modules.", labels_of(module, name))
        .observe(std::chrono::duration<double>(spent).count());
}

std::optional<Error> Gate::failure_of(const Module& module, std::string_view name,
                                      const twy_call& call, const Answer& answer,
                                      const std::string& context) {
    const bool strayed = current_netns_inode() != home_inode_;
    if (strayed) {
        go_home(home_);
        metrics_
            .counter("terway_module_strays_total",
                     "Calls that came back in another network namespace.", labels_of(module, name))
            .increment();
        log::error("a module left its thread in another network namespace",
                   {{"module", module.id()}, {"verb", name}});
    }
    if (!answer.ok()) {
        return answer.as_error(context);
    }
    if (strayed) {
        return Error(Status::Internal, context + ": came back in another network namespace");
    }
    if (call.callback_failure) {
        return call.callback_failure->within(context);
    }
    return std::nullopt;
}

}  // namespace terway::host
