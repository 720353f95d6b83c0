#include "pool/cidr_ledger.hpp"

#include <gmock/gmock.h>

#include "terway/error.hpp"

namespace terway::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr WallTime kNow{seconds(1'700'000'000)};
constexpr seconds kCoolDown{30};

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

CidrLedger ledger(std::initializer_list<std::string_view> cidrs,
                  milliseconds cool_down = kCoolDown) {
    std::vector<Prefix> prefixes;
    for (const auto cidr : cidrs) {
        prefixes.push_back(Prefix::parse(cidr).value());
    }
    return {prefixes, cool_down};
}

std::string leased(CidrLedger& from, const Owner& owner, WallTime now = kNow) {
    const auto addresses = from.lease(owner, now);
    std::string out;
    for (const auto& each : addresses.value_or(Addresses{})) {
        out += (out.empty() ? "" : " ") + each.text();
    }
    return out;
}

template <class Body>
std::pair<Status, std::string> failure(Body body) {
    try {
        body();
    } catch (const Error& error) {
        return {error.status(), error.what()};
    }
    return {Status::Internal, "no failure at all"};
}

std::vector<std::string> all_of(CidrLedger& from) {
    std::vector<std::string> out;
    for (int i = 0; i < 300; ++i) {
        const auto text = leased(from, "owner" + std::to_string(i));
        if (text.empty()) {
            break;
        }
        out.push_back(text);
    }
    return out;
}

TEST(Ledger, GivesEveryAddressOfAnIpv4CidrButTheNetworkAndBroadcastAddress) {
    auto pool = ledger({"10.1.2.0/29"});
    EXPECT_THAT(all_of(pool), ElementsAre("10.1.2.1", "10.1.2.2", "10.1.2.3", "10.1.2.4",
                                          "10.1.2.5", "10.1.2.6"));
    auto big = ledger({"172.20.1.0/24"});
    EXPECT_EQ(all_of(big).size(), 254U);
}

TEST(Ledger, GivesEveryAddressOfTheSmallestIpv4Cidrs) {
    auto two = ledger({"10.1.2.4/31"});
    EXPECT_THAT(all_of(two), ElementsAre("10.1.2.4", "10.1.2.5"));
    auto one = ledger({"10.1.2.4/32"});
    EXPECT_THAT(all_of(one), ElementsAre("10.1.2.4"));
    auto four = ledger({"10.1.2.4/30"});
    EXPECT_THAT(all_of(four), ElementsAre("10.1.2.5", "10.1.2.6"));
}

TEST(Ledger, GivesEveryAddressOfAnIpv6CidrButTheSubnetRouterAnycastAddress) {
    auto four = ledger({"fd00::10/126"});
    EXPECT_THAT(all_of(four), ElementsAre("fd00::11", "fd00::12", "fd00::13"));
    auto two = ledger({"fd00::10/127"});
    EXPECT_THAT(all_of(two), ElementsAre("fd00::10", "fd00::11"));
    auto one = ledger({"fd00::10/128"});
    EXPECT_THAT(all_of(one), ElementsAre("fd00::10"));
}

TEST(Ledger, CountsAVastIpv6CidrWithoutOverflow) {
    constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
    EXPECT_EQ(ledger({"fd00::/64"}).counts().at(0).total, kMost);
    EXPECT_EQ(ledger({"fd00::/8"}).counts().at(0).total, kMost);
    EXPECT_EQ(ledger({"::/0"}).counts().at(0).total, kMost);
    EXPECT_EQ(ledger({"fd00::/65"}).counts().at(0).total, (std::uint64_t{1} << 63U) - 1);
    EXPECT_EQ(ledger({"0.0.0.0/0"}).counts().at(0).total, (std::uint64_t{1} << 32U) - 2);
    auto vast = ledger({"fd00::/56"});
    EXPECT_EQ(leased(vast, "a"), "fd00::1");
    EXPECT_EQ(vast.counts().at(0).free, kMost - 1);
}

TEST(Ledger, IgnoresHostBitsOfACidr) {
    auto pool = ledger({"10.1.2.77/24"});
    EXPECT_EQ(leased(pool, "a"), "10.1.2.1");
    EXPECT_EQ(pool.counts().at(0).cidr.text(), "10.1.2.0/24");
}

TEST(Ledger, GivesOneAddressOfEachFamilyInTheOrderOfTheCidrs) {
    auto pool = ledger({"fd00::/64", "10.0.0.0/24"});
    EXPECT_EQ(leased(pool, "a"), "fd00::1 10.0.0.1");
}

TEST(Ledger, TakesNeitherFamilyWhenOneIsExhausted) {
    auto pool = ledger({"10.0.0.0/24", "fd00::/127"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.1 fd00::");
    EXPECT_EQ(leased(pool, "b"), "10.0.0.2 fd00::1");
    EXPECT_EQ(leased(pool, "c"), "");
    EXPECT_EQ(pool.counts().at(0).used, 2U);
}

TEST(Ledger, RefusesCidrsANodeCannotHave) {
    EXPECT_THAT(failure([] {
                    ledger({"10.0.0.0/24", "10.0.1.0/24", "fd00::/64"});
                }).second,
                HasSubstr("at most two pod CIDRs, not 3"));
    EXPECT_THAT(failure([] {
                    ledger({"10.0.0.0/24", "10.0.1.0/24"});
                }).second,
                HasSubstr("10.0.0.0/24 and 10.0.1.0/24 are of the same family"));
    EXPECT_EQ(failure([] { ledger({"10.0.0.0/24"}, seconds(-1)); }).first, Status::Invalid);
}

TEST(Ledger, WithoutACidrKeepsWhatIsClaimedAndGivesNothingOut) {
    auto pool = ledger({});
    pool.claim("old", {IpAddress::parse("10.0.0.7").value()});
    EXPECT_EQ(pool.used_outside(), 1U);
    EXPECT_EQ(failure([&] { (void)leased(pool, "new"); }).first, Status::Unsupported);
    (void)pool.release("old", kNow);
    EXPECT_EQ(pool.used_outside(), 0U);
}

TEST(Ledger, AnswersAnOwnerThatComesAgainWithItsOwnAddresses) {
    auto pool = ledger({"10.0.0.0/24"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.1");
    EXPECT_EQ(leased(pool, "a"), "10.0.0.1");
    EXPECT_EQ(pool.counts().at(0).used, 1U);
}

TEST(Ledger, GoesOnBehindTheLastAddressGivenOutSoThatOthersRest) {
    auto pool = ledger({"10.0.0.0/29"}, seconds(0));
    EXPECT_EQ(leased(pool, "a"), "10.0.0.1");
    pool.release("a", kNow);
    EXPECT_EQ(leased(pool, "b"), "10.0.0.2");
    for (const auto* expected : {"10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.1"}) {
        EXPECT_EQ(leased(pool, std::string("owner of ") + expected), expected);
    }
    EXPECT_EQ(leased(pool, "too late"), "");
}

TEST(Ledger, KeepsAReleasedAddressOutOfUseUntilItHasCooledDown) {
    auto pool = ledger({"10.0.0.4/32"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.4");
    EXPECT_THAT(pool.release("a", kNow),
                ElementsAre(CoolingAddress{ip("10.0.0.4"), kNow + kCoolDown}));
    EXPECT_EQ(pool.next_event(), kNow + kCoolDown);
    EXPECT_EQ(leased(pool, "b", kNow + kCoolDown - milliseconds(1)), "");
    EXPECT_EQ(leased(pool, "b", kNow + kCoolDown), "10.0.0.4");
    EXPECT_EQ(pool.next_event(), std::nullopt);
}

TEST(Ledger, TakesAnUnusedAddressBackWithoutCooling) {
    auto pool = ledger({"10.0.0.4/32"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.4");
    pool.give_back("a");
    EXPECT_EQ(leased(pool, "b"), "10.0.0.4");
}

TEST(Ledger, ReleasingAnUnknownOwnerDoesNothing) {
    auto pool = ledger({"10.0.0.4/32"});
    EXPECT_THAT(pool.release("nobody", kNow), IsEmpty());
    pool.give_back("nobody");
    EXPECT_EQ(pool.counts().at(0).free, 1U);
}

TEST(Ledger, KeepsAHeldAddressOutOfUseHoweverLongItTakes) {
    auto pool = ledger({"10.0.0.4/32"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.4");
    pool.hold({ip("10.0.0.4")});
    pool.release("a", kNow);
    const auto late = kNow + kCoolDown * 100;
    EXPECT_EQ(leased(pool, "b", late), "");
    EXPECT_EQ(pool.next_event(), std::nullopt);
    pool.unhold({ip("10.0.0.4")}, late);
    EXPECT_EQ(leased(pool, "b", late), "10.0.0.4");
}

TEST(Ledger, AnAddressNoLongerHeldStillCoolsDownToItsEnd) {
    auto pool = ledger({"10.0.0.4/32"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.4");
    pool.hold({ip("10.0.0.4")});
    pool.release("a", kNow);
    pool.unhold({ip("10.0.0.4")}, kNow);
    EXPECT_EQ(leased(pool, "b", kNow + kCoolDown - milliseconds(1)), "");
    EXPECT_EQ(leased(pool, "b", kNow + kCoolDown), "10.0.0.4");
}

TEST(Ledger, HoldsAreCounted) {
    auto pool = ledger({"10.0.0.4/32"});
    pool.hold({ip("10.0.0.4")});
    pool.hold({ip("10.0.0.4")});
    pool.unhold({ip("10.0.0.4")}, kNow);
    EXPECT_EQ(leased(pool, "a"), "");
    pool.unhold({ip("10.0.0.4")}, kNow);
    EXPECT_EQ(leased(pool, "a"), "10.0.0.4");
    pool.unhold({ip("10.0.0.4")}, kNow);
    EXPECT_EQ(pool.counts().at(0).used, 1U);
}

TEST(Ledger, AHeldAddressThatIsGivenBackUnusedWaitsForTheHolder) {
    auto pool = ledger({"10.0.0.4/32"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.4");
    pool.hold({ip("10.0.0.4")});
    pool.give_back("a");
    EXPECT_EQ(leased(pool, "b"), "");
    pool.unhold({ip("10.0.0.4")}, kNow);
    EXPECT_EQ(leased(pool, "b"), "10.0.0.4");
}

TEST(Ledger, AClockSetBackHoldsNoAddressForLongerThanOneCoolDown) {
    auto pool = ledger({"10.0.0.4/32"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.4");
    pool.release("a", kNow);
    const auto year_ago = kNow - std::chrono::hours(24 * 365);
    EXPECT_EQ(leased(pool, "b", year_ago), "");
    EXPECT_EQ(pool.next_event(), year_ago + kCoolDown);
    EXPECT_EQ(leased(pool, "b", year_ago + kCoolDown), "10.0.0.4");
}

TEST(Ledger, RestoresWhatWasCoolingButForOneCoolDownAtMost) {
    auto pool = ledger({"10.0.0.0/24"});
    pool.restore_cooling({ip("10.0.0.1"), kNow + seconds(5), {}}, kNow);
    pool.restore_cooling({ip("10.0.0.2"), kNow - seconds(5), {}}, kNow);
    pool.restore_cooling({ip("10.0.0.3"), kNow + std::chrono::hours(1000), {}}, kNow);
    EXPECT_THAT(pool.cooling(),
                UnorderedElementsAre(CoolingAddress{ip("10.0.0.1"), kNow + seconds(5)},
                                     CoolingAddress{ip("10.0.0.3"), kNow + kCoolDown}));
    EXPECT_EQ(leased(pool, "a"), "10.0.0.2");
}

TEST(Ledger, AnAddressInUseDoesNotCoolWhateverTheStoreSays) {
    auto pool = ledger({"10.0.0.0/24"});
    pool.restore_cooling({ip("10.0.0.1"), kNow + seconds(5), {}}, kNow);
    pool.claim("a", {ip("10.0.0.1")});
    pool.restore_cooling({ip("10.0.0.1"), kNow + seconds(5), {}}, kNow);
    EXPECT_THAT(pool.cooling(), IsEmpty());
    EXPECT_EQ(pool.owner_of(ip("10.0.0.1")), "a");
    EXPECT_EQ(pool.counts().at(0),
              (CidrCount{Prefix::parse("10.0.0.0/24").value(), 254, 1, 0, 253}));
}

TEST(Ledger, ClaimedAddressesAreInUseAndTheSearchGoesOnBehindThem) {
    auto pool = ledger({"10.0.0.0/24"});
    pool.claim("a", {ip("10.0.0.7")});
    pool.claim("a", {ip("10.0.0.7")});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.7");
    EXPECT_EQ(leased(pool, "b"), "10.0.0.8");
}

TEST(Ledger, AConflictOfClaimsNamesBothOwnersAndChangesNothing) {
    auto pool = ledger({"10.0.0.0/24", "fd00::/64"});
    pool.claim("first/eth0", {ip("10.0.0.7")});
    const auto [status, text] = failure([&] {
        pool.claim("second/eth0", {ip("fd00::7"), ip("10.0.0.7")});
    });
    EXPECT_EQ(status, Status::Internal);
    EXPECT_THAT(text, HasSubstr("first/eth0"));
    EXPECT_THAT(text, HasSubstr("second/eth0"));
    EXPECT_THAT(text, HasSubstr("10.0.0.7"));
    EXPECT_EQ(pool.owner_of(ip("fd00::7")), std::nullopt);
    EXPECT_EQ(pool.counts().at(0).used, 1U);
}

TEST(Ledger, AnOwnerCannotClaimOtherAddressesThanItHas) {
    auto pool = ledger({"10.0.0.0/24"});
    pool.claim("a", {ip("10.0.0.7")});
    EXPECT_THAT(failure([&] { pool.claim("a", {ip("10.0.0.8")}); }).second,
                HasSubstr("a claims 10.0.0.8 but already has 10.0.0.7"));
    EXPECT_THAT(failure([&] {
                    pool.claim("b", {ip("10.0.0.9"), ip("10.0.0.9")});
                }).second,
                HasSubstr("b claims address 10.0.0.9 twice"));
}

TEST(Ledger, AddressesOutsideTheCidrsStayWithTheirOwnerUntilReleased) {
    auto pool = ledger({"10.0.0.0/24"});
    pool.claim("old", {ip("192.168.7.9"), ip("10.0.0.0"), ip("fd00::1")});
    EXPECT_EQ(pool.used_outside(), 3U);
    EXPECT_EQ(pool.counts().at(0).used, 0U);
    EXPECT_EQ(leased(pool, "old"), "192.168.7.9 10.0.0.0 fd00::1");
    EXPECT_EQ(pool.release("old", kNow).size(), 3U);
    EXPECT_EQ(pool.used_outside(), 0U);
    EXPECT_EQ(pool.counts().at(0).cooling, 0U);
    EXPECT_EQ(leased(pool, "old"), "10.0.0.1");
}

TEST(Ledger, GivesTheWantedAddressAndDoesNotMoveTheSearch) {
    auto pool = ledger({"10.0.0.0/24", "fd00::/64"});
    EXPECT_EQ(pool.lease("a", kNow, {ip("fd00::77")}), (Addresses{ip("10.0.0.1"), ip("fd00::77")}));
    EXPECT_EQ(leased(pool, "b"), "10.0.0.2 fd00::1");
}

TEST(Ledger, HasNothingWhileAWantedAddressIsInUseOrCools) {
    auto pool = ledger({"10.0.0.0/24"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.1");
    EXPECT_EQ(pool.lease("b", kNow, {ip("10.0.0.1")}), std::nullopt);
    pool.release("a", kNow);
    EXPECT_EQ(pool.lease("b", kNow, {ip("10.0.0.1")}), std::nullopt);
    EXPECT_EQ(pool.cools_until(ip("10.0.0.1")), kNow + kCoolDown);
    EXPECT_EQ(pool.lease("b", kNow + kCoolDown, {ip("10.0.0.1")}), Addresses{ip("10.0.0.1")});
}

TEST(Ledger, GivesACoolingAddressBackToTheOneThatHadItLast) {
    auto pool = ledger({"10.0.0.0/24"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.1");
    pool.release("a", kNow);
    EXPECT_EQ(leased(pool, "a"), "10.0.0.2");  // it has to ask
    pool.give_back("a");
    EXPECT_EQ(pool.lease("a", kNow, {ip("10.0.0.1")}), Addresses{ip("10.0.0.1")});
    EXPECT_EQ(pool.counts().at(0).cooling, 0U);
    EXPECT_EQ(pool.cools_until(ip("10.0.0.1")), std::nullopt);
}

TEST(Ledger, KeepsAHeldAddressEvenFromTheOneThatHadItLast) {
    auto pool = ledger({"10.0.0.0/24"});
    EXPECT_EQ(leased(pool, "a"), "10.0.0.1");
    pool.hold({ip("10.0.0.1")});
    pool.release("a", kNow);
    EXPECT_EQ(pool.lease("a", kNow, {ip("10.0.0.1")}), std::nullopt);
    pool.unhold({ip("10.0.0.1")}, kNow);
    EXPECT_EQ(pool.lease("a", kNow, {ip("10.0.0.1")}), Addresses{ip("10.0.0.1")});
}

TEST(Ledger, GivesAStickyClaimantTheAddressItHadAndNobodyElse) {
    CidrLedger pool({Prefix::parse("10.0.0.0/24").value()}, kCoolDown, seconds(300));
    EXPECT_EQ(pool.lease("a", kNow, {}, "shop/db-0").value().at(0), ip("10.0.0.1"));
    EXPECT_THAT(pool.release("a", kNow),
                ElementsAre(CoolingAddress{ip("10.0.0.1"), kNow + seconds(300), "shop/db-0"}));
    EXPECT_EQ(pool.lease("b", kNow + kCoolDown, {}, "shop/db-1").value().at(0), ip("10.0.0.2"));
    EXPECT_FALSE(pool.lease("c", kNow + kCoolDown, {ip("10.0.0.1")}).has_value());
    EXPECT_EQ(pool.lease("d", kNow + kCoolDown, {}, "shop/db-0").value().at(0), ip("10.0.0.1"));
    EXPECT_EQ(leased(pool, "e", kNow + kCoolDown), "10.0.0.3");
}

TEST(Ledger, AReservationEndsAndOutlivesARestart) {
    CidrLedger pool({Prefix::parse("10.0.0.4/32").value()}, kCoolDown, seconds(300));
    pool.restore_cooling({ip("10.0.0.4"), kNow + seconds(200), "shop/db-0"}, kNow);
    EXPECT_EQ(leased(pool, "a", kNow + seconds(199)), "");
    EXPECT_EQ(leased(pool, "a", kNow + seconds(200)), "10.0.0.4");
}

TEST(Ledger, EvenAStickyClaimantWaitsForWhatIsHeld) {
    CidrLedger pool({Prefix::parse("10.0.0.4/32").value()}, kCoolDown, seconds(300));
    pool.claim("a", {ip("10.0.0.4")}, "shop/db-0");
    pool.hold({ip("10.0.0.4")});
    pool.release("a", kNow);
    EXPECT_FALSE(pool.lease("b", kNow, {}, "shop/db-0").has_value());
    pool.unhold({ip("10.0.0.4")}, kNow);
    EXPECT_EQ(pool.lease("b", kNow, {}, "shop/db-0").value().at(0), ip("10.0.0.4"));
}

TEST(Ledger, RefusesWantedAddressesThatCanNeverBeHad) {
    auto pool = ledger({"10.0.0.0/24"});
    const auto refusal = [&](const Addresses& wanted) {
        const auto [status, text] = failure([&] { (void)pool.lease("a", kNow, wanted); });
        EXPECT_EQ(status, Status::Invalid);
        return text;
    };
    EXPECT_THAT(refusal({ip("10.0.1.1")}), HasSubstr("outside the node's pod CIDR 10.0.0.0/24"));
    EXPECT_THAT(refusal({ip("fd00::1")}), HasSubstr("outside the node's pod CIDRs"));
    EXPECT_THAT(refusal({ip("10.0.0.0")}), HasSubstr("reserved in pod CIDR 10.0.0.0/24"));
    EXPECT_THAT(refusal({ip("10.0.0.255")}), HasSubstr("reserved in pod CIDR 10.0.0.0/24"));
    EXPECT_THAT(refusal({ip("10.0.0.1"), ip("10.0.0.2")}),
                HasSubstr("two addresses of one family"));
    EXPECT_EQ(pool.counts().at(0).used, 0U);
}

TEST(Ledger, ForeseesHowManyAddressesWillBeFree) {
    auto pool = ledger({"10.0.0.0/30"});
    EXPECT_EQ(pool.free_by(0, kNow), 2U);
    EXPECT_EQ(leased(pool, "a"), "10.0.0.1");
    EXPECT_EQ(leased(pool, "b"), "10.0.0.2");
    EXPECT_EQ(pool.free_by(0, kNow), 0U);
    pool.release("a", kNow);
    EXPECT_EQ(pool.free_by(0, kNow + kCoolDown - milliseconds(1)), 0U);
    EXPECT_EQ(pool.free_by(0, kNow + kCoolDown), 1U);
}

}  // namespace
}  // namespace terway::pool
