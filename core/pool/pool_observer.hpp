// What happens in the ENI pool, for the daemon's metrics.
#pragma once

#include <chrono>
#include <string_view>

namespace terway::pool {

// Any thread, also while the pool's lock is held: must not block or call the pool.
class PoolObserver {
public:
    virtual ~PoolObserver() = default;
    // `event` is one of: "order" (an order was carried out; detail: create, assign, unassign,
    // delete, forget), "order failed" (detail: the reaction's name or "error"), "lost eni", "lost
    // address", "lost address in use", "turned up", "adopted eni", "leaked eni", "resync" (detail:
    // ok or failed), "refused" (a request without hope).
    virtual void count(std::string_view event, std::string_view detail) noexcept = 0;
    virtual void waited(std::chrono::milliseconds span) noexcept = 0;  // a request for an address
};

}  // namespace terway::pool
