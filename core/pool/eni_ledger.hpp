// Everything the ENI pool knows and decides: the books, the demand, the orders that meet it and
// what to make of their failures. Pure: no I/O, no lock, no clock, no thread.
//
//     plan(now) -> orders -> (somebody carries them out) -> created, assigned, done or failed
//
// Growth. Whenever idle endpoints, with those on their way, fall short of the waiting ones and
// min_idle, enough is ordered for the waiting ones and halfway to max_idle. First on ENIs that have
// room; then new ENIs, all at once. The first request of a burst is served without delay; those
// that come while an ENI is being made wait for its room, for a whole ENI's worth or a moment.
//
// Reclaim is lazy: what was idle beyond max_idle for the whole quiet time goes back, whole ENIs
// first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cloud/eni.hpp"
#include "pool/address_pool.hpp"
#include "pool/eni_audit.hpp"
#include "pool/eni_book.hpp"
#include "pool/eni_order.hpp"
#include "pool/eni_quota.hpp"
#include "pool/eni_settings.hpp"
#include "pool/vswitch_book.hpp"

namespace terway::pool {

class EniLedger {
public:
    EniLedger(const EniSettings& settings, VSwitchBook::Dice dice);

    [[nodiscard]] std::optional<Lease> lease(const Claimant& who, WallTime now,
                                             const Addresses& wanted = {});
    // Claims, releases and the like go to the books.
    [[nodiscard]] EniBook& book() noexcept { return book_; }
    [[nodiscard]] const EniBook& book() const noexcept { return book_; }

    void set_limits(const cloud::InstanceLimits& limits);
    void set_vswitches(const std::vector<cloud::VSwitch>& vswitches) { vswitches_.know(vswitches); }
    // An ENI that the cloud has confirmed and whose NIC is ready, or will be.
    void put_eni(const EniRecord& record, bool ready);
    // A call that an earlier life began: the plan has it sent again.
    void owe(const PendingCall& call);
    [[nodiscard]] Findings compare(const Reading& reading, WallTime now);

    // What to do now, for so many requests that wait for any address.
    [[nodiscard]] std::vector<Order> plan(std::size_t waiting, WallTime now);
    // The ENI is made, attached and prepared.
    void created(OrderId order, const EniRecord& record, WallTime now);
    // What an Assign brought; may be called before failed() when only a part was done.
    void assigned(OrderId order, const cloud::AddressSet& addresses, WallTime now);
    // A Prepare is complete; its NIC has this index now.
    void prepared(OrderId order, std::uint32_t ifindex);
    // An Assign, Unassign, Delete or Forget is complete.
    void done(OrderId order, WallTime now);
    void failed(OrderId order, const Failure& failure, WallTime now);
    // For people: how far the making of an ENI is.
    void progress(OrderId order, const std::string& eni, const std::string& state);

    // For people: the cloud refused, and the call is repeated.
    void setback(OrderId order, const std::string& reason);

    // When to plan again although nothing has happened.
    [[nodiscard]] std::optional<WallTime> next_event(WallTime now) const;
    // How many requests could be served by then at most, if none of those served ends.
    [[nodiscard]] std::size_t supply_by(WallTime when, WallTime now) const;
    [[nodiscard]] std::vector<std::string> troubles(WallTime now) const;
    [[nodiscard]] PoolPicture picture(WallTime now) const;
    [[nodiscard]] bool is_warm() const noexcept { return warm_; }
    // Reads of the cloud are called for before the next order is sensible.
    [[nodiscard]] bool wants_resync() const noexcept { return wants_resync_; }
    [[nodiscard]] std::set<std::string> under_way() const;
    [[nodiscard]] std::size_t in_flight() const noexcept { return flights_.size(); }
    [[nodiscard]] const VSwitchBook& vswitches() const noexcept { return vswitches_; }

private:
    struct Flight {
        Order order;
        std::size_t coming = 0;  // endpoints
        std::string eni;         // that a Create makes, once known
        std::string state = "creating";
        std::string setback;  // the latest refusal that is not the last word
    };
    // A stop of one kind of growth.
    struct Pause {
        WallTime until{};
        unsigned failures = 0;
        std::string reason;
    };

    Order& launch(OrderKind kind, const std::string& eni, std::size_t coming,
                  std::vector<Order>& orders);
    std::optional<Flight> land(OrderId order);
    void track_idle(WallTime now);
    void plan_clean_up(WallTime now, std::vector<Order>& orders);
    void plan_again(WallTime now, std::vector<Order>& orders);
    void plan_growth(std::size_t waiting, WallTime now, std::vector<Order>& orders);
    void plan_assigns(std::size_t& missing, WallTime now, std::vector<Order>& orders);
    void plan_creates(std::size_t missing, WallTime now, std::vector<Order>& orders);
    void plan_reclaim(std::size_t waiting, WallTime now, std::vector<Order>& orders);
    void plan_deletes(std::size_t& surplus, std::vector<Order>& orders);
    void plan_unassigns(std::size_t surplus, std::vector<Order>& orders);
    [[nodiscard]] cloud::AddressSet surplus_of(const EniEntry& eni, std::size_t& surplus) const;
    [[nodiscard]] std::size_t coming() const;
    [[nodiscard]] std::size_t creating() const;
    [[nodiscard]] std::size_t spare_under_way(WallTime when) const;
    [[nodiscard]] std::size_t free_places() const;
    [[nodiscard]] bool can_grow(const EniEntry& eni, WallTime when) const;
    [[nodiscard]] std::string fullness() const;
    void react(const Flight& flight, const Failure& failure, WallTime now);
    void pause(Pause& what, std::chrono::milliseconds first, std::chrono::milliseconds most,
               const Failure& failure, WallTime now);

    EniSettings settings_;
    EniBook book_;
    EniQuota quota_;
    VSwitchBook vswitches_;
    EniAudit audit_;
    std::map<OrderId, Flight> flights_;
    std::vector<PendingCall> owed_;
    OrderId next_order_ = 1;
    std::size_t foreign_ = 0;
    Pause growth_;
    Pause creates_;
    std::map<std::string, Pause> of_eni_;
    bool warm_ = false;
    bool wants_resync_ = true;
    std::optional<WallTime> last_create_;
    bool holds_back_ = false;  // a create waits for a moment
    WallTime window_began_ = WallTime::max();
    std::size_t least_idle_ = 0;
};

}  // namespace terway::pool
