// How the cloud says no, and what that means for whoever asked.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "terway/error.hpp"

namespace terway::cloud {

// The rows of the reaction table: what a caller does next. Decided by the error code alone.
enum class Reaction : std::uint8_t {
    Throttled,       // flow control: later, with the same token
    Unknown,         // 5xx, transport error, timeout: the call may have been carried out
    Conflict,        // another operation is in flight on this object or with this token
    SpoiledToken,    // the token must not be used again
    VSwitchFull,     // this vSwitch has no address left
    EniLimit,        // the instance has all its ENIs
    AddressLimit,    // the ENI has all its addresses: our books are wrong
    AccountLimit,    // a quota of the account or of a security group
    WrongState,      // the object is in a transition
    Gone,            // the ENI, instance or route does not exist
    NotAssigned,     // the address is not on the ENI, or is its primary one
    AddressTaken,    // the wanted address belongs to somebody or lies outside the vSwitch
    NoIpv6,          // the instance type or the vSwitch has no IPv6
    BadVSwitch,      // the vSwitch does not exist, is not ready or is elsewhere
    Forbidden,       // RAM says no
    BadCredentials,  // unknown or disabled access key, wrong secret
    StaleSession,    // the STS token has expired
    ClockSkew,       // our clock is wrong
    Replayed,        // the nonce was used before
    Permanent,       // our mistake, or nothing this table knows; repeating cannot help
};

[[nodiscard]] std::string_view name_of(Reaction reaction);  // "throttled", "vswitch full", ...

// Matches by prefix where the cloud has families of codes. `http_status` decides only where there
// is no usable code (0: no answer at all).
[[nodiscard]] Reaction reaction_to(std::string_view code, std::string_view message,
                                   int http_status);

// Its status() is Retry for what passes by itself, Gone, or Internal. The text names the action,
// the code, the cloud's message and the request id, never a credential.
class ApiError : public Error {
public:
    ApiError(Reaction reaction, std::string action, std::string code, const std::string& text,
             std::chrono::milliseconds retry_after = {});

    [[nodiscard]] Reaction reaction() const noexcept { return reaction_; }
    [[nodiscard]] const std::string& action() const noexcept { return action_; }
    // Empty when there was no answer.
    [[nodiscard]] const std::string& code() const noexcept { return code_; }
    // How long the cloud asked us to wait; zero if it did not.
    [[nodiscard]] std::chrono::milliseconds retry_after() const noexcept { return retry_after_; }

private:
    Reaction reaction_;
    std::string action_;
    std::string code_;
    std::chrono::milliseconds retry_after_;
};

}  // namespace terway::cloud
