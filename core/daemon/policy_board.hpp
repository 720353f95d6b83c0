// Which endpoints have their rules in the kernel; where ADDs wait for theirs.
#pragma once

#include <cstddef>
#include <map>
#include <stop_token>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "daemon/policy_inbox.hpp"

namespace terway::daemon {

// A monitor. Any thread.
class PolicyBoard {
public:
    // A new ticket for the key. One that was there has rules in force.
    [[nodiscard]] PolicyTicket enter(const endpoint::EndpointKey& key, bool was_there);
    // Whoever waits for it stops waiting. Answers whether it was there.
    bool leave(const endpoint::EndpointKey& key);
    // 0 if it is not there.
    [[nodiscard]] PolicyTicket ticket_of(const endpoint::EndpointKey& key) const;

    enum class Seen : std::uint8_t { InForce, Gone, InVain };
    // Until the rules are in force, or in vain until the deadline or a stop.
    [[nodiscard]] Seen wait(const endpoint::EndpointKey& key, PolicyTicket ticket,
                            const std::stop_token& stop, Deadline deadline) const;
    // It goes on without rules, denied everything, and counts as closed until it has some.
    void pass(const endpoint::EndpointKey& key, PolicyTicket ticket);

    struct Standing {
        endpoint::EndpointKey key;
        PolicyTicket ticket = 0;
        bool in_force = false;
    };
    // What holds now; tickets that are not up to date are of no account.
    void publish(const std::vector<Standing>& standings);
    // Endpoints that have no rules though nobody waits for them.
    [[nodiscard]] std::size_t closed() const;
    [[nodiscard]] bool is_closed(const endpoint::EndpointKey& key) const;

private:
    struct Seat {
        PolicyTicket ticket = 0;
        bool in_force = false;
        bool has_passed = false;
    };

    mutable Mutex mutex_;
    mutable Condition changed_;
    PolicyTicket last_ TERWAY_GUARDED_BY(mutex_) = 0;
    std::map<endpoint::EndpointKey, Seat> seats_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::daemon
