// NetworkPolicies, from what the API server tells to the policy modules: one thread that keeps them
// up to date, and the ADDs that wait for it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "daemon/failure_memory.hpp"
#include "daemon/policy_board.hpp"
#include "daemon/policy_book.hpp"
#include "daemon/policy_inbox.hpp"
#include "endpoint/rule_keeper.hpp"
#include "profile/profile.hpp"

namespace terway::daemon {

struct PolicyPace {
    std::chrono::milliseconds gather{10};  // at most, before what has come is looked at
    std::chrono::milliseconds first_rest{100};
    std::chrono::milliseconds longest_rest{10'000};
    std::chrono::milliseconds opening{5'000};  // how long an ADD waits to be let out at last
    std::chrono::milliseconds stale_after{30'000};
    std::chrono::milliseconds confirm{100};  // between two questions whether rules are in force
};

// Any thread, but for run(). Metrics: terway_policy_revision{of,module},
// terway_policy_apply_seconds{module}, terway_policy_add_wait_seconds,
// terway_policy_closed_endpoints, terway_policy_failures_total{module},
// terway_policy_late_adds_total{state}, terway_policy_waiting_news.
class PolicyService final : public endpoint::RuleKeeper {
public:
    // Borrows what is not a value.
    struct Parts {
        const profile::Policy& settings;
        PolicyInbox& inbox;
        Metrics& metrics;
        std::set<std::string> modules;  // of the profile's chains
        bool knows_pods = true;         // false: there is no Kubernetes, and everything is open
        // Has the module carry it out. Throws Error.
        std::function<void(const std::string& module, const twy_policy_update&)> apply;
        // Hears of endpoints that go on before their policies are known; may be empty. Must not
        // throw.
        std::function<void(const endpoint::EndpointSpec&, const std::string& message)> late;
        PolicyPace pace{};
        // Hears of the addresses of endpoints whose ADD waits for somebody who has to know them
        // ([policy] confirm); may be empty. Must not throw.
        std::function<void(const endpoint::EndpointSpec&)> addressed{};
    };
    explicit PolicyService(Parts parts);

    // Until a stop is asked for; never throws. One thread, in the host's network namespace. The
    // endpoints of before must have been adopted.
    void run(const std::stop_token& stop) noexcept;

    void attached(const endpoint::EndpointRecord& record) override;
    void adopted(const endpoint::EndpointRecord& record) override;
    void forget(const endpoint::EndpointKey& key) noexcept override;
    void await(const endpoint::EndpointRecord& record,
               const endpoint::Operation& operation) override;
    void confirm(const endpoint::EndpointRecord& record, const endpoint::Operation& operation,
                 const std::function<std::string()>& why_not) override;
    [[nodiscard]] std::string trouble() const override;

    // Looks at what is known while nothing changes; not for long.
    template <class Look>
    auto look(const Look& look) const {
        const MutexLock lock(book_mutex_);
        return look(book_);
    }
    [[nodiscard]] bool is_closed(const endpoint::EndpointKey& key) const {
        return board_.is_closed(key);
    }
    // Why an endpoint has no rules, and what to do.
    [[nodiscard]] std::string why_closed(const endpoint::EndpointKey& key) const;

private:
    void enter(const endpoint::EndpointRecord& record, bool was_there);
    void gather(const std::stop_token& stop, Deadline deadline);
    void tell_modules();
    // Empty if it was.
    [[nodiscard]] std::string carry_out(const PolicyDelivery& delivery);
    void go_on_without(const endpoint::EndpointRecord& record, PolicyTicket ticket,
                       const endpoint::Operation& operation);
    void count_late(const std::string& state) const;
    void count_closed() const;

    const Parts parts_;
    PolicyBoard board_;
    mutable Mutex book_mutex_;
    PolicyBook book_ TERWAY_GUARDED_BY(book_mutex_);
    FailureMemory failures_{"policies"};
};

}  // namespace terway::daemon
