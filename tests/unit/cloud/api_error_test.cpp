#include "cloud/api_error.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "cloud/repeat.hpp"

namespace terway::cloud {
namespace {

using R = Reaction;

// Every code that we know the cloud to send, with the reaction it calls for.
const std::multimap<Reaction, std::string>& table() {
    static const std::multimap<Reaction, std::string> all{
        {R::Throttled, "Throttling"},
        {R::Throttled, "Throttling.User"},
        {R::Throttled, "Throttling.Api"},
        {R::Throttled, "Throttling.NotYetKnown"},
        {R::Throttled, "Rejected.Throttling"},
        {R::Unknown, "ServiceUnavailable"},
        {R::Unknown, "ServiceUnavailable.Regional"},
        {R::Unknown, "InternalError"},
        {R::Unknown, "UnknownError"},
        {R::Unknown, "Vpc.Error"},
        {R::Conflict, "OperationConflict"},
        {R::Conflict, "Operation.Conflict"},
        {R::Conflict, "LastTokenProcessing"},
        {R::Conflict, "TaskConflict"},
        {R::Conflict, "IncorrectRouteEntryStatus"},
        {R::Conflict, "IncorrcetRouteEntryStatus"},
        {R::Conflict, "IncorrectVpcStatus"},
        {R::Conflict, "OperationFailed.DistibuteLock"},
        {R::SpoiledToken, "IdempotentFailed"},
        {R::SpoiledToken, "IdempotentParameterMismatch"},
        {R::SpoiledToken, "InvalidIdempotenceParameter.Mismatch"},
        {R::VSwitchFull, "InvalidVSwitchId.IpNotEnough"},
        {R::VSwitchFull, "QuotaExceeded.PrivateIpAddress"},
        {R::EniLimit, "EniPerInstanceLimitExceeded"},
        {R::AddressLimit, "InvalidOperation.Ipv4CountExceeded"},
        {R::AddressLimit, "InvalidOperation.Ipv6CountExceeded"},
        {R::AddressLimit, "MaxEniPrivateIpsCountExceeded"},
        {R::AddressLimit, "MaxEniIpv6IpsCountExceeded"},
        {R::AccountLimit, "MaxEniCountExceeded"},
        {R::AccountLimit, "SecurityGroupInstanceLimitExceed"},
        {R::AccountLimit, "QuotaExceed.Tags"},
        {R::AccountLimit, "QuotaExceeded"},
        {R::AccountLimit, "JoinedGroupLimitExceed"},
        {R::WrongState, "InvalidOperation.InvalidEniState"},
        {R::WrongState, "InvalidOperation.InvalidEcsState"},
        {R::BadVSwitch, "IncorrectVSwitchStatus"},
        {R::BadVSwitch, "InvalidVSwitchId.NotFound"},
        {R::BadVSwitch, "InvalidOperation.AvailabilityZoneMismatch"},
        {R::Gone, "InvalidEniId.NotFound"},
        {R::Gone, "InvalidEcsId.NotFound"},
        {R::Gone, "InvalidInstanceId.NotFound"},
        {R::Gone, "InvalidRouteEntry.NotFound"},
        {R::Gone, "InvalidRouteTableId.NotFound"},
        {R::NotAssigned, "InvalidIp.IpUnassigned"},
        {R::AddressTaken, "InvalidIp.IpAssigned"},
        {R::AddressTaken, "InvalidIp.IpRepeated"},
        {R::AddressTaken, "InvalidIp.Address"},
        {R::AddressTaken, "InvalidPrivateIpAddress.Duplicated"},
        {R::AddressTaken, "InvalidVSwitchId.IpInvalid"},
        {R::NoIpv6, "InvalidOperation.Ipv6NotSupport"},
        {R::NoIpv6, "InvalidVSwitch.Ipv6NotTurnOn"},
        {R::Forbidden, "Forbidden.RAM"},
        {R::Forbidden, "Forbidden.SubUser"},
        {R::Forbidden, "Forbidden.Unauthorized"},
        {R::Forbidden, "Forbidden.NotSupportRAM"},
        {R::Forbidden, "Forbbiden.SubUser"},
        {R::Forbidden, "Forbbiden"},
        {R::Forbidden, "Forbedden.NotSupportRAM"},
        {R::Forbidden, "NoPermission"},
        {R::BadCredentials, "InvalidAccessKeyId.NotFound"},
        {R::BadCredentials, "InvalidAccessKeyId.Inactive"},
        {R::BadCredentials, "Forbidden.AccessKeyDisabled"},
        {R::BadCredentials, "SignatureDoesNotMatch"},
        {R::StaleSession, "InvalidSecurityToken.Expired"},
        {R::StaleSession, "InvalidSecurityToken.MismatchWithAccessKey"},
        {R::StaleSession, "InvalidSecurityToken.Malformed"},
        {R::StaleSession, "MissingSecurityToken"},
        {R::ClockSkew, "InvalidTimeStamp.Expired"},
        {R::ClockSkew, "InvalidTimeStamp.Format"},
        {R::ClockSkew, "IllegalTimestamp"},
        {R::Replayed, "SignatureNonceUsed"},
        {R::Permanent, "IncompleteSignature"},
        {R::Permanent, "InvalidOperation.VpcMismatch"},
        {R::Permanent, "InvalidSecurityGroupId.NotVpc"},
        {R::Permanent, "InvalidOperation.InvalidEniType"},
        {R::Permanent, "InvalidOperation.EniServiceManaged"},
        {R::Permanent, "InvalidOperation.ResourceManagedByCloudProduct"},
        {R::Permanent, "InvalidOperation.DetachPrimaryEniNotAllowed"},
        {R::Permanent, "InvalidParameter"},
        {R::Permanent, "InvalidParameter.Conflict"},
        {R::Permanent, "MissingParameter"},
        {R::Permanent, "UnsupportedParameter"},
        {R::Permanent, "InvalidActionNotFound"},
        {R::Permanent, "UnsupportedHTTPMethod"},
        {R::Permanent, "RouterEntryConflict.Duplicated"},
        {R::Permanent, "InventedYesterday"},
    };
    return all;
}

TEST(Reactions, FollowTheTable) {
    for (const auto& [reaction, code] : table()) {
        for (const int status : {400, 403, 404, 409}) {
            EXPECT_EQ(name_of(reaction_to(code, "", status)), name_of(reaction)) << code;
        }
    }
}

TEST(Reactions, AreAllInTheTableAndHaveNamesOfTheirOwn) {
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(Reaction::Permanent); ++i) {
        names.insert(name_of(static_cast<Reaction>(i)));
        EXPECT_GT(table().count(static_cast<Reaction>(i)), 0U) << i;
    }
    EXPECT_EQ(names.size(), 20U);
}

TEST(Reactions, OfAnExpiredSessionUnderAnotherName) {
    const auto* message = "The specified parameter \"SecurityToken.Expired\" is not valid.";
    EXPECT_EQ(reaction_to("InvalidParameter", message, 400), Reaction::StaleSession);
}

TEST(Reactions, FollowTheStatusWhereThereIsNoCode) {
    EXPECT_EQ(reaction_to("", "", 0), Reaction::Unknown);
    EXPECT_EQ(reaction_to("", "", 200), Reaction::Unknown);
    EXPECT_EQ(reaction_to("", "", 408), Reaction::Unknown);
    EXPECT_EQ(reaction_to("", "", 502), Reaction::Unknown);
    EXPECT_EQ(reaction_to("", "", 429), Reaction::Throttled);
    EXPECT_EQ(reaction_to("", "", 403), Reaction::Permanent);
    EXPECT_EQ(reaction_to("InventedYesterday", "", 500), Reaction::Unknown);
}

TEST(ApiErrors, AreRetryForWhatPassesAndGoneForWhatIsGone) {
    const std::set<Reaction> passing{R::Throttled,    R::Unknown,     R::Conflict,
                                     R::SpoiledToken, R::VSwitchFull, R::WrongState,
                                     R::StaleSession, R::ClockSkew,   R::Replayed};
    for (int i = 0; i <= static_cast<int>(Reaction::Permanent); ++i) {
        const auto reaction = static_cast<Reaction>(i);
        const auto expected = passing.count(reaction) != 0 ? Status::Retry
                              : reaction == R::Gone || reaction == R::NotAssigned
                                  ? Status::Gone
                                  : Status::Internal;
        const ApiError error(reaction, "Act", "Code", "text");
        EXPECT_EQ(error.status(), expected) << name_of(reaction);
        EXPECT_STREQ(error.what(), "Act: text");
    }
}

// What is done the first and the second time.
std::pair<Next, Next> twice(Reaction reaction, bool repeatable) {
    RepeatPolicy policy(repeatable);
    const auto first = policy.next({reaction, false});
    return {first, policy.next({reaction, false})};
}

TEST(RepeatPolicy, RepeatsWhatCertainlyDidNothing) {
    const std::pair later(Next::Later, Next::Later);
    for (const bool repeatable : {false, true}) {
        EXPECT_EQ(twice(R::Throttled, repeatable), later);
        EXPECT_EQ(twice(R::Conflict, repeatable), later);
        EXPECT_EQ(RepeatPolicy(repeatable).next({R::Unknown, true}), Next::Later);
    }
}

TEST(RepeatPolicy, RepeatsWhatMayHaveHappenedOnlyIfThatIsTheSame) {
    const std::pair later(Next::Later, Next::Later);
    const std::pair never(Next::GiveUp, Next::GiveUp);
    EXPECT_EQ(twice(R::Unknown, true), later);
    EXPECT_EQ(twice(R::Unknown, false), never);
    EXPECT_EQ(twice(R::Replayed, true), later);
    EXPECT_EQ(twice(R::Replayed, false), never);
}

TEST(RepeatPolicy, TriesEachRemedyOnce) {
    for (const bool repeatable : {false, true}) {
        EXPECT_EQ(twice(R::ClockSkew, repeatable), std::pair(Next::CorrectClock, Next::GiveUp));
        EXPECT_EQ(twice(R::StaleSession, repeatable),
                  std::pair(Next::RenewCredentials, Next::GiveUp));
        EXPECT_EQ(twice(R::BadCredentials, repeatable),
                  std::pair(Next::RenewCredentials, Next::GiveUp));
    }
}

TEST(RepeatPolicy, GivesUpOnEverythingElse) {
    for (const auto reaction :
         {R::SpoiledToken, R::VSwitchFull, R::EniLimit, R::AddressLimit, R::AccountLimit,
          R::WrongState, R::Gone, R::NotAssigned, R::AddressTaken, R::NoIpv6, R::BadVSwitch,
          R::Forbidden, R::Permanent}) {
        EXPECT_EQ(RepeatPolicy(true).next({reaction, false}), Next::GiveUp) << name_of(reaction);
    }
}

}  // namespace
}  // namespace terway::cloud
