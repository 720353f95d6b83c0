#include "cloud/api_error.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace terway::cloud {
namespace {

struct Row {
    std::string_view pattern;  // a final * stands for any rest
    Reaction reaction;
};

// The first row that matches counts. Misspelt codes are the cloud's.
constexpr std::array kRows{
    Row{"Throttling*", Reaction::Throttled},
    Row{"Rejected.Throttling*", Reaction::Throttled},
    Row{"ServiceUnavailable*", Reaction::Unknown},
    Row{"InternalError*", Reaction::Unknown},
    Row{"UnknownError*", Reaction::Unknown},
    Row{"Vpc.Error", Reaction::Unknown},
    Row{"OperationConflict", Reaction::Conflict},
    Row{"Operation.Conflict", Reaction::Conflict},
    Row{"LastTokenProcessing", Reaction::Conflict},
    Row{"TaskConflict", Reaction::Conflict},
    Row{"IncorrectRouteEntryStatus", Reaction::Conflict},
    Row{"IncorrcetRouteEntryStatus", Reaction::Conflict},
    Row{"IncorrectVpcStatus", Reaction::Conflict},
    Row{"OperationFailed.DistibuteLock", Reaction::Conflict},
    Row{"OperationFailed.DistributeLock", Reaction::Conflict},
    Row{"Idempotent*", Reaction::SpoiledToken},
    Row{"InvalidIdempotenceParameter*", Reaction::SpoiledToken},
    Row{"InvalidVSwitchId.IpNotEnough", Reaction::VSwitchFull},
    Row{"QuotaExceeded.PrivateIpAddress", Reaction::VSwitchFull},
    Row{"EniPerInstanceLimitExceeded", Reaction::EniLimit},
    Row{"InvalidOperation.Ipv4CountExceeded", Reaction::AddressLimit},
    Row{"InvalidOperation.Ipv6CountExceeded", Reaction::AddressLimit},
    Row{"MaxEniPrivateIpsCountExceeded", Reaction::AddressLimit},
    Row{"MaxEniIpv6IpsCountExceeded", Reaction::AddressLimit},
    Row{"MaxEniCountExceeded", Reaction::AccountLimit},
    Row{"SecurityGroupInstanceLimitExceed*", Reaction::AccountLimit},
    Row{"QuotaExceed*", Reaction::AccountLimit},
    Row{"JoinedGroupLimitExceed*", Reaction::AccountLimit},
    Row{"InvalidOperation.InvalidEniState", Reaction::WrongState},
    Row{"InvalidOperation.InvalidEcsState", Reaction::WrongState},
    Row{"IncorrectVSwitchStatus", Reaction::BadVSwitch},
    Row{"InvalidVSwitchId.NotFound", Reaction::BadVSwitch},
    Row{"InvalidOperation.AvailabilityZoneMismatch", Reaction::BadVSwitch},
    Row{"InvalidEniId.NotFound", Reaction::Gone},
    Row{"InvalidEcsId.NotFound", Reaction::Gone},
    Row{"InvalidInstanceId.NotFound", Reaction::Gone},
    Row{"InvalidRouteEntry.NotFound", Reaction::Gone},
    Row{"InvalidRouteTableId.NotFound", Reaction::Gone},
    Row{"InvalidIp.IpUnassigned", Reaction::NotAssigned},
    Row{"InvalidIp.IpAssigned", Reaction::AddressTaken},
    Row{"InvalidIp.IpRepeated", Reaction::AddressTaken},
    Row{"InvalidIp.Address", Reaction::AddressTaken},
    Row{"InvalidPrivateIpAddress.Duplicated", Reaction::AddressTaken},
    Row{"InvalidVSwitchId.IpInvalid", Reaction::AddressTaken},
    Row{"InvalidOperation.Ipv6NotSupport", Reaction::NoIpv6},
    Row{"InvalidVSwitch.Ipv6NotTurnOn", Reaction::NoIpv6},
    Row{"Forbidden.AccessKeyDisabled", Reaction::BadCredentials},
    Row{"Forbidden*", Reaction::Forbidden},
    Row{"Forbbiden*", Reaction::Forbidden},
    Row{"Forbedden*", Reaction::Forbidden},
    Row{"NoPermission*", Reaction::Forbidden},
    Row{"InvalidAccessKeyId*", Reaction::BadCredentials},
    Row{"SignatureDoesNotMatch", Reaction::BadCredentials},
    Row{"InvalidSecurityToken*", Reaction::StaleSession},
    Row{"MissingSecurityToken", Reaction::StaleSession},
    Row{"InvalidTimeStamp*", Reaction::ClockSkew},
    Row{"IllegalTimestamp", Reaction::ClockSkew},
    Row{"SignatureNonceUsed", Reaction::Replayed},
};

bool matches(std::string_view pattern, std::string_view code) {
    return pattern.ends_with('*') ? code.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : code == pattern;
}

Reaction reaction_to_status(int status) {
    if (status == 429) {
        return Reaction::Throttled;
    }
    return status < 300 || status == 408 || status >= 500 ? Reaction::Unknown : Reaction::Permanent;
}

Status status_of(Reaction reaction) {
    switch (reaction) {
        case Reaction::Throttled:
        case Reaction::Unknown:
        case Reaction::Conflict:
        case Reaction::SpoiledToken:
        case Reaction::VSwitchFull:
        case Reaction::WrongState:
        case Reaction::StaleSession:
        case Reaction::ClockSkew:
        case Reaction::Replayed:
            return Status::Retry;
        case Reaction::Gone:
        case Reaction::NotAssigned:
            return Status::Gone;
        default:
            return Status::Internal;
    }
}

}  // namespace

std::string_view name_of(Reaction reaction) {
    static constexpr std::array<std::string_view, 20> kNames{
        "throttled",       "outcome unknown", "conflict",      "spoiled token", "vswitch full",
        "eni limit",       "address limit",   "account limit", "wrong state",   "gone",
        "not assigned",    "address taken",   "no ipv6",       "bad vswitch",   "forbidden",
        "bad credentials", "stale session",   "clock skew",    "replayed",      "permanent"};
    static_assert(kNames.size() == static_cast<std::size_t>(Reaction::Permanent) + 1);
    return kNames.at(static_cast<std::size_t>(reaction));
}

Reaction reaction_to(std::string_view code, std::string_view message, int http_status) {
    // An expired session is told under this name, too.
    if (code.starts_with("InvalidParameter") &&
        message.find("SecurityToken") != std::string_view::npos) {
        return Reaction::StaleSession;
    }
    const auto* const row = std::find_if(
        kRows.begin(), kRows.end(), [&](const Row& each) { return matches(each.pattern, code); });
    if (row != kRows.end()) {
        return row->reaction;
    }
    // A code nobody knows that comes with 5xx is no promise that nothing happened.
    return code.empty() || http_status == 429 || http_status >= 500
               ? reaction_to_status(http_status)
               : Reaction::Permanent;
}

ApiError::ApiError(Reaction reaction, std::string action, std::string code, const std::string& text,
                   std::chrono::milliseconds retry_after)
    : Error(status_of(reaction), action + ": " + text),
      reaction_(reaction),
      action_(std::move(action)),
      code_(std::move(code)),
      retry_after_(retry_after) {}

}  // namespace terway::cloud
