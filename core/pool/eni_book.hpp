// The books of an ENI pool: which ENIs and addresses there are and who has them. Pure: no I/O, no
// lock, no clock. It decides placement; how much there should be is the planner's business.
//
// An address is idle, used by one owner, cooling, or on its way back to the cloud. Only addresses
// that the cloud has confirmed get in, and those that records claim, which are used whatever the
// cloud says: one that has vanished stays with its owner and is never given to anybody else.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "pool/address_pool.hpp"
#include "pool/eni_order.hpp"
#include "pool/eni_settings.hpp"
#include "pool/journal.hpp"

namespace terway::pool {

enum class SlotState : std::uint8_t { Idle, Used, Cooling, Releasing };

struct Slot {
    std::string eni;  // empty for a cooling address of which no more is known
    SlotState state = SlotState::Idle;
    Owner owner;  // who has it or had it last
    std::string reserved_for;
    WallTime until{};        // with Cooling
    std::uint64_t rested{};  // with Idle: the smaller, the longer
    bool vanished = false;   // with Used: the cloud no longer has it on the ENI
    unsigned misses = 0;     // reads in a row that did not show it
};

// Addresses of one family of an ENI that come and go together: a prefix, or all single ones.
struct Shelf {
    std::optional<Prefix> prefix;
    std::size_t size = 0;
    std::set<std::pair<std::uint64_t, IpAddress>> idle;  // longest rested first

    [[nodiscard]] std::size_t busy() const { return size - idle.size(); }
};

struct EniEntry {
    EniPlace place;
    std::string vswitch;
    IpAddress primary;
    bool ready = true;      // its NIC is prepared
    bool draining = false;  // is being deleted
    bool vanished = false;
    std::optional<OrderId> order;  // at most one at a time
    WallTime paused_until{};       // gets no more addresses until then
    std::string reason;
    std::uint64_t changed = 0;  // the number of the last change that a read must be younger than
    unsigned absences = 0;
    std::size_t used = 0;  // leases
    // By family, IPv4 first; the first shelf of each is that of the single addresses.
    std::array<std::vector<Shelf>, 2> shelves{std::vector<Shelf>(1), std::vector<Shelf>(1)};

    [[nodiscard]] std::size_t idle(Family family) const;
    // Addresses and prefixes that count against the quota.
    [[nodiscard]] std::size_t slots(Family family) const;
    [[nodiscard]] std::size_t prefixes(Family family) const;
    [[nodiscard]] bool untouched() const;  // every address is idle
};

// For reads to tell what is newer than they are.
using Change = std::uint64_t;

class EniBook {
public:
    explicit EniBook(const EniSettings& settings);

    // As AddressPool says. Nothing if there is nothing now.
    [[nodiscard]] std::optional<Lease> lease(const Claimant& who, WallTime now,
                                             const Addresses& wanted);
    void claim(const Claimant& who, const Addresses& addresses, const std::string& eni);
    void restore_cooling(const CoolingAddress& cooling, WallTime now);
    void release(const Owner& owner, WallTime now);
    void give_back(const Owner& owner);
    void hold(const Addresses& addresses);
    void unhold(const Addresses& addresses, WallTime now);
    void expire(WallTime now);
    [[nodiscard]] std::chrono::milliseconds rest_of(const std::string& sticky) const;

    // Confirmed by the cloud. Repeats are harmless.
    EniEntry& add_eni(const EniRecord& record);
    void add_addresses(const std::string& eni, const cloud::AddressSet& addresses);
    // Idle ones only; the others of the set are left alone. Answers what is now on its way back.
    cloud::AddressSet set_aside(const std::string& eni, const cloud::AddressSet& addresses);
    void take_back(const std::string& eni);         // what was set aside is idle again
    void remove_set_aside(const std::string& eni);  // what was set aside is gone
    // The same, each by what was found of it; nothing: it stays set aside. Answers whether any
    // changed.
    using Found = std::function<std::optional<bool>(const IpAddress&)>;
    bool settle_set_aside(const std::string& eni, const Found& is_there);
    // It vanished: used ones stay with their owners. Answers whether it was in use.
    bool lose(const IpAddress& address);
    void lose_prefix(const std::string& eni, const Prefix& prefix);
    void lose_eni(const std::string& eni);
    void found_again(const IpAddress& address);
    void drop_eni(const std::string& eni);

    [[nodiscard]] std::map<std::string, EniEntry>& enis() noexcept { return enis_; }
    [[nodiscard]] const std::map<std::string, EniEntry>& enis() const noexcept { return enis_; }
    [[nodiscard]] const std::map<IpAddress, Slot>& slots() const noexcept { return slots_; }
    [[nodiscard]] Slot* find(const IpAddress& address);
    [[nodiscard]] const Slot* find(const IpAddress& address) const;
    [[nodiscard]] EniEntry* eni(const std::string& id);
    // As the journal should remember it: without what is set aside or has vanished.
    [[nodiscard]] EniRecord record(const std::string& id) const;

    // Endpoints.
    [[nodiscard]] std::size_t idle() const;
    [[nodiscard]] std::size_t idle_on(const EniEntry& eni) const;
    [[nodiscard]] bool holds(const Owner& owner) const { return leases_.contains(owner); }
    [[nodiscard]] bool is_used(const std::string& eni) const;  // whether or not it is known yet
    [[nodiscard]] std::size_t used() const noexcept { return leases_.size(); }
    [[nodiscard]] std::size_t cooling() const;
    // That stop cooling by then, held ones included, at most.
    [[nodiscard]] std::size_t ripe_by(WallTime when) const;
    [[nodiscard]] std::optional<WallTime> next_ripe() const;
    [[nodiscard]] Change changes() const noexcept { return changes_; }
    void touch(EniEntry& eni) { eni.changed = ++changes_; }

private:
    struct Holding {
        Addresses addresses;
        std::string sticky;
        std::string eni;
    };

    [[nodiscard]] Shelf* shelf_of(EniEntry& eni, const IpAddress& address);
    void put(const std::string& eni, Shelf& shelf, const IpAddress& address);
    void move(const IpAddress& address, const Slot& slot, const std::string& to);
    void change(const IpAddress& address, Slot& slot, SlotState to);
    void cool(const IpAddress& address, Slot& slot, WallTime until);
    void erase(const IpAddress& address);
    [[nodiscard]] bool may_have(const Claimant& who, const IpAddress& address) const;
    [[nodiscard]] std::optional<Addresses> wanted_ones(const Claimant& who,
                                                       const Addresses& wanted);
    [[nodiscard]] std::optional<Addresses> reserved_ones(const Claimant& who) const;
    [[nodiscard]] std::optional<Addresses> any_ones() const;
    [[nodiscard]] bool complete(EniEntry& eni, Addresses& addresses) const;
    void check_wanted(const Addresses& wanted) const;
    Holding drop(const Owner& owner);

    EniSettings settings_;
    std::vector<Family> families_;
    std::map<std::string, EniEntry> enis_;
    std::map<IpAddress, Slot> slots_;
    std::map<Owner, Holding> leases_;
    std::map<IpAddress, unsigned> held_;
    std::set<std::pair<WallTime, IpAddress>> ripening_;  // cooling and not held
    std::array<std::size_t, 2> cooling_{};
    std::uint64_t stamp_ = 0;
    Change changes_ = 0;
    WallTime last_now_ = WallTime::min();
};

}  // namespace terway::pool
