// What the pool must not forget when the process dies: calls under way, and the ENIs as last seen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cloud/eni.hpp"
#include "pool/address_pool.hpp"

namespace terway::pool {

// A call with a token that was begun and has not been answered for good: sent again with the same
// token it has no second effect.
struct PendingCall {
    std::string token;
    std::optional<cloud::NewEni> create;  // or, if absent, an Assign:
    std::string eni;
    cloud::AddressWish wish;
    WallTime begun{};

    bool operator==(const PendingCall&) const = default;
};

// An ENI of ours as the cloud last confirmed it.
struct EniRecord {
    EniPlace place;
    std::string vswitch;
    IpAddress primary;
    cloud::AddressSet addresses;  // with the primary one

    bool operator==(const EniRecord&) const = default;
};

// Every call is on disk when it returns; throws Error if it cannot be. Any thread.
class Journal {
public:
    virtual ~Journal() = default;
    virtual void begin(const PendingCall& call) = 0;
    virtual void finish(const std::string& token) = 0;
    [[nodiscard]] virtual std::vector<PendingCall> pending() = 0;

    virtual void keep(const EniRecord& eni) = 0;
    virtual void drop(const std::string& eni) = 0;
    [[nodiscard]] virtual std::vector<EniRecord> enis() = 0;
};

}  // namespace terway::pool
