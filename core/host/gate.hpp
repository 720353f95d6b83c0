// The only way into a module's [request] verbs.
//
// Around each call the gate keeps the deadline, turns whatever comes back into a value or an Error,
// checks that the thread is still at home, measures, and leaves a breadcrumb for a crash.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/metrics.hpp"
#include "base/netns.hpp"
#include "base/time.hpp"
#include "host/breadcrumb.hpp"
#include "host/host_api.hpp"
#include "host/module.hpp"
#include "host/verb.hpp"
#include "host/watchdog.hpp"

namespace terway::host {

struct GateOptions {
    // A verb gets this long, or what is left of its operation if that is less (but see
    // twy_call.is_long).
    std::chrono::milliseconds module_deadline{30'000};
    // How much later than it was told a module may return before its call is given up as lost.
    std::chrono::milliseconds grace{1'000};
    std::size_t max_lost = 4;
    // Called once, on the watchdog's thread, when more than max_lost calls are lost at a time.
    std::function<void()> give_up = std::abort;
};

// Metrics: terway_module_call_seconds{module,verb},
// terway_module_failures_total{module,verb,status}, terway_module_overdue_total{module,verb},
// terway_module_strays_total{module,verb}, terway_module_lost_calls.
class Gate {
public:
    // Made on a thread in the host's network namespace, which every caller shares. Borrows
    // `metrics`.
    Gate(Metrics& metrics, GateOptions options, Breadcrumbs breadcrumbs = {});

    enum class Returned {
        InTime,
        // The call had been given up, on_overdue has run, and somebody else may have acted on that.
        // Whatever the verb answered is logged and otherwise of no account: undo what it may have
        // done.
        Late,
    };
    using Verb = std::function<twy_status(twy_error*)>;

    // Runs `verb`, which calls into `module`. `name` is "<interface>.<verb>"; `key` names the
    // endpoint (empty for verbs that concern none). Blocks until the verb returns, however late.
    // Throws Error "module <id>: <verb>: <text>" if the verb failed in time, if a callback of it
    // failed, if the thread came back in another network namespace (it is taken home), or without
    // running the verb if it crashed the daemon three times running on this key.
    [[nodiscard]] Returned call(const Module& module, std::string_view name, std::string_view key,
                                twy_call& call, const Verb& verb);

    // Calls given up that have not returned.
    [[nodiscard]] std::size_t lost() const { return watchdog_.lost(); }

private:
    void refuse_offender(const Module& module, std::string_view name, std::string_view key,
                         const std::string& context) const;
    void give_call_up(const Module& module, std::string_view name, std::string_view key,
                      const twy_call& call) noexcept;
    void measure(const Module& module, std::string_view name, Clock::duration spent);
    // Also takes the thread home if it strayed.
    [[nodiscard]] std::optional<Error> failure_of(const Module& module, std::string_view name,
                                                  const twy_call& call, const Answer& answer,
                                                  const std::string& context);

    Metrics& metrics_;
    const GateOptions options_;
    const Breadcrumbs breadcrumbs_;
    const Netns home_;
    const std::uint64_t home_inode_;
    Watchdog watchdog_;
};

}  // namespace terway::host
