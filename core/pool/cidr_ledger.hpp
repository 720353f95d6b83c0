// Who has which address of the node's pod CIDRs. Pure: no I/O, no lock, no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "pool/address_pool.hpp"

namespace terway::pool {

// An address is free, in use by one owner, or cooling. It leaves an owner into cooling and stays
// there until its time has come and nobody holds it any more. Memory grows with the addresses in
// use or cooling, never with the size of a CIDR.
//
// Which addresses of a CIDR are given out: all but the network and broadcast address of an IPv4
// one, all but the subnet-router anycast address of an IPv6 one; /31, /32, /127 and /128 have
// neither. Next-fit: the search starts behind the address given out last, so that an address
// rests as long as it can.
//
// Addresses that a sticky claimant releases wait for it: until the reservation ends it may have
// them at once, all others see them cooling.
//
// `now` may jump: backwards, and nothing cools or waits for longer than a release at the new now
// would make it.
class CidrLedger {
public:
    // At most two CIDRs, of different families; host bits are ignored. Without any it only keeps
    // what is claimed, and a lease throws Error(Unsupported). Throws Error(Invalid).
    CidrLedger(const std::vector<Prefix>& cidrs, std::chrono::milliseconds cool_down,
               std::chrono::milliseconds sticky_for = {});

    // The owner's addresses: those it has, if it has any; else one of each CIDR, namely the one of
    // `wanted` if that names one of the family, otherwise the next. Nothing if a CIDR has none free
    // or a wanted address is in use or cools; but an address that cools because this owner released
    // it, or because they are reserved for `sticky`, is its own again, once nobody holds it. Throws
    // Error(Invalid) if a wanted address can never be had: outside the CIDRs, reserved, or two of
    // one family.
    [[nodiscard]] std::optional<Addresses> lease(const Owner& owner, WallTime now,
                                                 const Addresses& wanted = {},
                                                 const std::string& sticky = {});

    // Takes over what a record says. Addresses outside the CIDRs are as good as any until they are
    // released. Claim the oldest record first: next-fit goes on behind the last one claimed. Throws
    // Error(Internal), changing nothing, if an address is in use by another owner (both are named)
    // or the owner has other addresses.
    void claim(const Owner& owner, const Addresses& addresses, const std::string& sticky = {});

    // The owner's addresses cool down. Answers them; none if the owner is unknown.
    std::vector<CoolingAddress> release(const Owner& owner, WallTime now);

    // For addresses that were never put to use: they are free at once.
    void give_back(const Owner& owner);

    // Something, a link not yet gone, keeps the addresses from being free, whoever has them.
    // Counts: as many unhold as hold. Unknown addresses in unhold are ignored.
    void hold(const Addresses& addresses);
    void unhold(const Addresses& addresses, WallTime now);

    // What was cooling when the daemon stopped; not later than a release now would make it, and
    // nothing happens to an address in use.
    void restore_cooling(const CoolingAddress& cooling, WallTime now);

    // Frees what has cooled down. The other calls that take `now` do it, too.
    void expire(WallTime now);

    // When the next cooling ends; nothing if none does by itself (those held do not).
    [[nodiscard]] std::optional<WallTime> next_event() const;

    // How many addresses of the CIDR at `index` are or may be free by `when`, if no one else takes
    // them; one that is held may be.
    [[nodiscard]] std::uint64_t free_by(std::size_t index, WallTime when) const;
    // When a cooling address is free at the earliest; nothing if it does not cool.
    [[nodiscard]] std::optional<WallTime> cools_until(const IpAddress& address) const;
    // Whose release made an address cool; nothing if none did or a former daemon's ledger saw it.
    [[nodiscard]] std::optional<Owner> last_owner_of(const IpAddress& address) const;

    [[nodiscard]] std::optional<Owner> owner_of(const IpAddress& address) const;

    [[nodiscard]] std::vector<CoolingAddress> cooling() const;
    // One a CIDR, in their order.
    [[nodiscard]] std::vector<CidrCount> counts() const;
    [[nodiscard]] std::uint64_t owners() const noexcept { return leases_.size(); }
    // Addresses in use outside the CIDRs.
    [[nodiscard]] std::uint64_t used_outside() const;
    // How long addresses stay out of use that such a claimant releases.
    [[nodiscard]] std::chrono::milliseconds rest_of(const std::string& sticky) const;

private:
    struct Range {
        Prefix cidr;
        IpAddress first;  // of those given out
        IpAddress last;
        IpAddress next;  // where the search starts
        std::uint64_t total;
        std::uint64_t used = 0;
        std::uint64_t cooling = 0;

        [[nodiscard]] bool usable(const IpAddress& address) const;
        [[nodiscard]] IpAddress behind(const IpAddress& address) const;
        [[nodiscard]] std::uint64_t free() const { return total - used - cooling; }
    };

    struct Cooling {
        WallTime until;
        std::optional<Owner> last;
        std::string reserved_for;
    };
    struct Holding {
        Addresses addresses;
        std::string sticky;
    };
    using CoolingMap = std::map<IpAddress, Cooling>;

    [[nodiscard]] static Range make_range(const Prefix& cidr);
    [[nodiscard]] Range* range_of(const IpAddress& address);
    [[nodiscard]] bool busy(const IpAddress& address) const;
    void check_wanted(const Addresses& wanted) const;
    [[nodiscard]] bool may_have(const Owner& owner, const std::string& sticky,
                                const IpAddress& address) const;
    [[nodiscard]] std::optional<IpAddress> reserved(const Range& range,
                                                    const std::string& sticky) const;
    [[nodiscard]] std::optional<IpAddress> choose(const Owner& owner, const Range& range,
                                                  const Addresses& wanted,
                                                  const std::string& sticky) const;
    void take(const Owner& owner, const IpAddress& address);
    Holding drop(const Owner& owner);
    void cool(const IpAddress& address, Cooling entry);
    CoolingMap::iterator warm(CoolingMap::iterator entry);

    std::chrono::milliseconds cool_down_;
    std::chrono::milliseconds sticky_for_;
    std::vector<Range> ranges_;
    std::map<Owner, Holding> leases_;
    std::map<IpAddress, Owner> used_;
    CoolingMap cooling_;
    std::map<IpAddress, unsigned> held_;
    WallTime last_now_ = WallTime::min();
};

}  // namespace terway::pool
