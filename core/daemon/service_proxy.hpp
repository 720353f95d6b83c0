// Services, from what the API server tells to the modules that translate them: one thread that
// keeps them up to date.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "daemon/failure_memory.hpp"
#include "daemon/service_book.hpp"
#include "daemon/service_inbox.hpp"
#include "terway/abi.h"

namespace terway::daemon {

struct ServicePace {
    std::chrono::milliseconds gather{10};  // at most, before what has come is looked at
    std::chrono::milliseconds first_rest{100};
    std::chrono::milliseconds longest_rest{10'000};
    std::chrono::milliseconds stale_after{30'000};
};

// Any thread, but for run(). Metrics: terway_service_revision{of,module},
// terway_service_apply_seconds{module}, terway_service_failures_total{module},
// terway_service_waiting_news, terway_service_frontends.
class ServiceProxy {
public:
    // Borrows what is not a value.
    struct Parts {
        ServiceInbox& inbox;
        Metrics& metrics;
        // False: somebody else does it, and the modules are told once that there are none.
        bool is_wanted = true;
        // Has the module carry it out. Throws Error.
        std::function<void(const std::string& module, const twy_service_update&)> apply;
        ServicePace pace{};
    };
    explicit ServiceProxy(Parts parts);
    // Those that translate Services; before run().
    void add_modules(const std::set<std::string>& ids);

    // Until a stop is asked for; never throws. One thread, in the host's network namespace.
    void run(const std::stop_token& stop) noexcept;

    // Why pods suffer from Services that are not up to date; empty if they do not.
    [[nodiscard]] std::string trouble() const;
    [[nodiscard]] bool is_wanted() const noexcept { return parts_.is_wanted; }

    // Looks at what is known while nothing changes; not for long.
    template <class Look>
    auto look(const Look& look) const {
        const MutexLock lock(book_mutex_);
        return look(book_);
    }

private:
    void gather(const std::stop_token& stop, Deadline deadline);
    void tell_modules();
    // Empty if it was.
    [[nodiscard]] std::string carry_out(const ServiceDelivery& delivery);

    const Parts parts_;
    mutable Mutex book_mutex_;
    ServiceBook book_ TERWAY_GUARDED_BY(book_mutex_);
    FailureMemory failures_{"Services"};
};

}  // namespace terway::daemon
