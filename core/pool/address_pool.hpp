// Where an endpoint's addresses come from: a range of the node's own, or the node's ENIs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"

namespace terway::pool {

// Names whoever holds addresses, in errors too: an endpoint key's full text.
using Owner = std::string;

// At most one address a family, IPv4 first.
using Addresses = std::vector<IpAddress>;

// The ENI that carries an endpoint's addresses.
struct EniPlace {
    std::string id;  // "eni-..."
    Mac mac;
    std::uint32_t ifindex = 0;        // of its NIC in the host's network namespace
    std::vector<Prefix> subnets;      // its vSwitch's, at most one a family
    std::vector<IpAddress> gateways;  // at most one a family

    bool operator==(const EniPlace&) const = default;
};

struct Lease {
    Addresses addresses;
    std::optional<EniPlace> eni;  // absent where addresses are the node's own
};

enum class Source : std::uint8_t {
    PodCidr,       // the node's own ranges
    Eni,           // secondary addresses of the node's ENIs
    ExclusiveEni,  // a whole ENI
};

// Who asks for addresses.
struct Claimant {
    Owner owner;
    // "namespace/name" of a pod that gets the same addresses again while its reservation lasts;
    // empty for all others.
    std::string sticky;
    Source source = Source::PodCidr;
};

// What must be remembered of an address that is no longer in use.
struct CoolingAddress {
    IpAddress address;
    WallTime until;
    std::string reserved_for;  // a Claimant's `sticky`: it may have the address at once

    bool operator==(const CoolingAddress&) const = default;
};

// How one CIDR stands; used + cooling + free == total. Totals of 2^64 and more read 2^64 - 1.
struct CidrCount {
    Prefix cidr;
    std::uint64_t total = 0;
    std::uint64_t used = 0;
    std::uint64_t cooling = 0;  // held ones included
    std::uint64_t free = 0;

    bool operator==(const CidrCount&) const = default;
};

// One address of an ENI, for people.
struct EniAddress {
    IpAddress address;
    std::string state;  // "idle" "used" "cooling" "reserved" "releasing" "missing" "unconfirmed"
    std::string owner;  // or whom it is reserved for; may be empty
};

// One ENI, for people.
struct EniPicture {
    EniPlace place;
    std::string vswitch;
    std::string state;   // "creating" "attaching" "preparing" "ready" "draining" "missing" ...
    std::string reason;  // why it gets no more addresses now; may be empty
    std::vector<EniAddress> addresses;
    std::vector<Prefix> prefixes;
};

struct PoolPicture {
    std::vector<CidrCount> cidrs;
    std::uint64_t used_outside = 0;  // addresses in use that are none of the pool's
    std::vector<EniPicture> enis;
    std::uint64_t capacity = 0;         // endpoints the node can have at most; 0: not known yet
    std::uint64_t used = 0;             // endpoints
    std::uint64_t idle = 0;             // endpoints that could be served at once
    std::vector<std::string> waiting;   // owners, oldest first
    std::vector<std::string> troubles;  // what keeps the pool from growing, one line each
};

// A monitor; any thread may call anything at any time.
//
// Durability is the caller's: persist the record after lease and before the address is used; on the
// way out persist the cooling first (until cool_until()), then release.
class AddressPool {
public:
    virtual ~AddressPool() = default;

    // The owner's addresses: those it has, if it has any; else new ones, `wanted` if that names
    // some. Waits in the order of asking; throws Error(Retry) with the reason when there is no hope
    // before `deadline`, when that passes or a stop is requested; Error(Invalid) for wanted
    // addresses that can never be had.
    [[nodiscard]] virtual Lease lease(const Claimant& who, const std::stop_token& stop,
                                      Deadline deadline, const Addresses& wanted = {}) = 0;
    // Takes over what a record says; `eni` is the id in the record, empty where addresses are the
    // node's own. Before anything is leased. Throws Error(Internal) if another has an address.
    virtual void claim(const Claimant& who, const Addresses& addresses, const std::string& eni) = 0;
    // What was cooling when the daemon stopped.
    virtual void restore_cooling(const CoolingAddress& cooling) = 0;

    // The owner's addresses cool down, or are reserved.
    virtual void release(const Owner& owner) = 0;
    // For addresses that were never put to use: they are free at once.
    virtual void give_back(const Owner& owner) = 0;
    // Until when addresses cool that such a claimant releases now.
    [[nodiscard]] virtual WallTime cool_until(const std::string& sticky) const = 0;

    // Something, a link not yet gone, keeps the addresses from being free, whoever has them.
    // Counts: as many unhold as hold.
    virtual void hold(const Addresses& addresses) = 0;
    virtual void unhold(const Addresses& addresses) = 0;

    // Looks at the clock and serves whoever can be served.
    virtual void tick() = 0;

    [[nodiscard]] virtual PoolPicture picture() const = 0;
    // Why an ADD could not be served now; empty if it could.
    [[nodiscard]] virtual std::string trouble() const = 0;
};

}  // namespace terway::pool
