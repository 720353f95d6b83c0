// Keeps a Target like a resource of the API server: lists it, watches it, and begins again when
// that is needed.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "base/back_off.hpp"
#include "base/metrics.hpp"
#include "kube/feed.hpp"
#include "kube/plan.hpp"
#include "kube/session.hpp"

namespace terway::kube {

struct Pace {
    unsigned page = 500;                          // objects a page
    std::chrono::seconds watch{300};              // at least; up to twice that, by chance
    std::chrono::milliseconds list_idle{30'000};  // nothing for that long: the server hangs
    // Bookmarks come every minute; without them a quiet watch is only begun anew.
    std::chrono::milliseconds watch_idle{150'000};
    std::chrono::milliseconds list_limit{600'000};  // of one page
    std::chrono::milliseconds first_rest{500};
    std::chrono::milliseconds longest_rest{30'000};
    std::chrono::milliseconds longest_retry_after{300'000};
    std::chrono::milliseconds short_watch{1'000};  // shorter ones count as failures
};

// What it takes from the world beside the server. Called by the reflector's thread.
struct ReflectorEffects {
    std::function<bool(std::chrono::milliseconds, const std::stop_token&)> rest =
        [](std::chrono::milliseconds span, const std::stop_token& stop) {
            return rest_for(span, stop);
        };
    std::function<double()> fraction = random_fraction;
    // The server refused a list, with that code; may be empty.
    std::function<void(int code, const std::string& text)> refused{};
};

class Reflector {
public:
    // Borrows session, target and metrics. Metrics have the label resource="pods".
    Reflector(Session& session, Resource resource, Target& target, Metrics& metrics, Pace pace = {},
              ReflectorEffects effects = {});

    // Until a stop is asked for; never throws. One thread at a time.
    void run(const std::stop_token& stop) noexcept;

private:
    struct Trouble;

    void go_on(const std::stop_token& stop);
    // These return how it ended, with what to say if it did not end well.
    [[nodiscard]] Trouble attempt(const std::stop_token& stop);
    [[nodiscard]] Trouble list(const std::stop_token& stop);
    [[nodiscard]] Trouble watch(const std::stop_token& stop);
    [[nodiscard]] Trouble refused(const Refusal& refusal) const;

    [[nodiscard]] unsigned& failures() noexcept;
    void account(const Trouble& trouble);
    void recover();
    void tell(const Trouble& trouble);
    [[nodiscard]] std::chrono::milliseconds span(const Trouble& trouble);

    Session& session_;
    const Resource resource_;
    const std::string name_;
    Target& target_;
    Metrics& metrics_;
    const Pace pace_;
    const ReflectorEffects effects_;

    Step step_ = Step::List;
    std::string version_ = "0";
    // In a row. A list says nothing of watches: where each fails after a list, they count on.
    unsigned list_failures_ = 0;
    unsigned watch_failures_ = 0;
    std::string told_;  // the trouble that was last logged
};

}  // namespace terway::kube
