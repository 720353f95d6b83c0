#include "pool/eni_ledger.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "terway/error.hpp"

namespace terway::pool {
namespace {

using cloud::Reaction;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr WallTime kNow{seconds(1'700'000'000)};

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

class EniLedgerTest : public testing::Test {
protected:
    static EniSettings settings() {
        EniSettings out;
        out.min_idle = 2;
        out.max_idle = 4;
        out.vswitches = {"vsw-1", "vsw-2"};
        out.instance = "i-1";
        return out;
    }
    EniLedger& make(const EniSettings& from) {
        ledger_.emplace(from, [] { return std::uint64_t{1}; });
        ledger_->set_limits({"ecs.test", 4, 10, 10, 4, false});
        return *ledger_;
    }
    EniLedger& make() { return make(settings()); }
    // An ENI with so many IPv4 addresses: 10.0.<number>.1 is the primary one.
    static EniRecord record(unsigned number, unsigned ipv4, unsigned ipv6 = 0) {
        EniRecord out;
        out.place.id = "eni-" + std::to_string(number);
        out.vswitch = "vsw-1";
        const auto base = ip("10.0." + std::to_string(number) + ".0");
        for (unsigned i = 1; i <= ipv4; ++i) {
            out.addresses.ipv4.push_back(base.plus(i));
        }
        for (unsigned i = 1; i <= ipv6; ++i) {
            out.addresses.ipv6.push_back(ip("fd00:" + std::to_string(number) + "::").plus(i));
        }
        out.primary = base.plus(1);
        return out;
    }
    std::string lease(const Owner& owner, WallTime now = kNow, const Addresses& wanted = {},
                      const std::string& sticky = {}) {
        const auto grant = ledger_->lease({owner, sticky}, now, wanted);
        std::string out;
        if (grant) {
            for (const auto& address : grant->addresses) {
                out += (out.empty() ? "" : " ") + address.text();
            }
        }
        return out;
    }
    void fill(unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            ASSERT_NE(lease("pod-" + std::to_string(i)), "") << i;
        }
    }
    // Fills a whole node: three ENIs of ten.
    void fill_node() {
        for (unsigned i = 1; i <= 3; ++i) {
            ledger_->put_eni(record(i, 10), true);
        }
        fill(30);
    }
    static Failure failure(Reaction reaction, std::string text = "the cloud says no") {
        return {reaction, std::move(text), {}, {}};
    }

    std::optional<EniLedger> ledger_;
};

TEST_F(EniLedgerTest, ANewPoolOrdersAnEniForItsIdleEndpointsInOneCall) {
    auto& ledger = make();
    const auto orders = ledger.plan(0, kNow);
    ASSERT_THAT(orders, SizeIs(1));
    EXPECT_EQ(orders[0].kind, OrderKind::Create);
    EXPECT_EQ(orders[0].vswitch, "vsw-1");
    EXPECT_EQ(orders[0].wish.ipv4, 2U);  // and the primary one: half-way between 2 and 4
    EXPECT_THAT(ledger.plan(0, kNow), IsEmpty());
}

TEST_F(EniLedgerTest, OrdersNothingBeforeTheLimitsAreKnown) {
    ledger_.emplace(settings(), [] { return std::uint64_t{0}; });
    EXPECT_THAT(ledger_->plan(5, kNow), IsEmpty());
}

TEST_F(EniLedgerTest, AFloodOrdersWholeEnisAllAtOnce) {
    auto& ledger = make();
    const auto orders = ledger.plan(25, kNow);
    ASSERT_THAT(orders, SizeIs(3));
    EXPECT_EQ(orders[0].wish.ipv4, 9U);
    EXPECT_EQ(orders[1].wish.ipv4, 9U);
    EXPECT_EQ(orders[2].wish.ipv4, 7U);
}

TEST_F(EniLedgerTest, NeverOrdersMoreEnisThanTheInstanceTakes) {
    auto& ledger = make();
    EXPECT_THAT(ledger.plan(1000, kNow), SizeIs(3));
    EXPECT_THAT(ledger.plan(2000, kNow + seconds(1)), IsEmpty());
}

TEST_F(EniLedgerTest, LaterRequestsWaitForTheRoomOfTheEniThatIsBeingMade) {
    auto& ledger = make();
    const auto first = ledger.plan(1, kNow);
    ASSERT_THAT(first, SizeIs(1));
    EXPECT_THAT(ledger.plan(6, kNow + milliseconds(1)), IsEmpty());
    ledger.created(first[0].id, record(1, first[0].wish.ipv4 + 1), kNow + seconds(4));
    const auto second = ledger.plan(6, kNow + seconds(4));
    ASSERT_THAT(second, SizeIs(1));
    EXPECT_EQ(second[0].kind, OrderKind::Assign);
    EXPECT_EQ(second[0].eni, "eni-1");
    EXPECT_EQ(second[0].wish.ipv4, 5U);
}

TEST_F(EniLedgerTest, AnEniHasAtMostOneOrderAtATime) {
    auto& ledger = make();
    ledger.put_eni(record(1, 3), true);
    fill(2);
    ASSERT_THAT(ledger.plan(0, kNow), SizeIs(1));
    fill(3);
    EXPECT_THAT(ledger.plan(1, kNow), IsEmpty());
}

TEST_F(EniLedgerTest, FillsTheEniThatIsMostInUseSoThatOthersEmpty) {
    auto& ledger = make();
    ledger.put_eni(record(1, 4), true);
    ledger.put_eni(record(2, 4), true);
    EXPECT_EQ(lease("a", kNow, {ip("10.0.2.2")}), "10.0.2.2");
    EXPECT_EQ(lease("b"), "10.0.2.1");
    EXPECT_EQ(lease("c"), "10.0.2.3");
    EXPECT_EQ(lease("d"), "10.0.2.4");
    EXPECT_EQ(lease("e"), "10.0.1.1");
}

TEST_F(EniLedgerTest, GivesTheAddressThatHasRestedLongest) {
    auto& ledger = make();
    ledger.put_eni(record(1, 3), true);
    EXPECT_EQ(lease("a"), "10.0.1.1");
    ledger.book().release("a", kNow);
    EXPECT_EQ(lease("b", kNow + seconds(30)), "10.0.1.2");
    EXPECT_EQ(lease("c", kNow + seconds(30)), "10.0.1.3");
    EXPECT_EQ(lease("d", kNow + seconds(30)), "10.0.1.1");
}

TEST_F(EniLedgerTest, AnAddressCoolsDownBeforeAnybodyElseGetsIt) {
    auto& ledger = make();
    ledger.put_eni(record(1, 1), true);
    EXPECT_EQ(lease("a"), "10.0.1.1");
    ledger.book().release("a", kNow);
    EXPECT_EQ(lease("b", kNow + milliseconds(29'999)), "");
    EXPECT_EQ(lease("b", kNow + seconds(30)), "10.0.1.1");
}

TEST_F(EniLedgerTest, AnAddressWithALinkNotYetGoneIsNotReused) {
    auto& ledger = make();
    ledger.put_eni(record(1, 1), true);
    ledger.book().hold({ip("10.0.1.1")});
    EXPECT_EQ(lease("a"), "");
    ledger.book().unhold({ip("10.0.1.1")}, kNow);
    EXPECT_EQ(lease("a"), "10.0.1.1");
}

TEST_F(EniLedgerTest, AStickyPodGetsItsAddressWhileTheReservationLasts) {
    auto& ledger = make();
    ledger.put_eni(record(1, 3), true);
    EXPECT_EQ(lease("a", kNow, {}, "shop/db-0"), "10.0.1.1");
    ledger.book().release("a", kNow);
    EXPECT_EQ(lease("b", kNow + seconds(60), {}, "shop/db-0"), "10.0.1.1");
    ledger.book().release("b", kNow + seconds(60));
    EXPECT_EQ(lease("c", kNow + seconds(100)), "10.0.1.2");
    EXPECT_EQ(lease("d", kNow + seconds(100)), "10.0.1.3");
    EXPECT_EQ(lease("e", kNow + seconds(359)), "");
    EXPECT_EQ(lease("e", kNow + seconds(360)), "10.0.1.1");
}

TEST_F(EniLedgerTest, DualStackGivesOneOfEachFamilyOfTheSameEni) {
    auto both = settings();
    both.families = Families::Dual;
    auto& ledger = make(both);
    ledger.put_eni(record(1, 3, 0), true);
    ledger.put_eni(record(2, 1, 1), true);
    EXPECT_EQ(lease("a"), "10.0.2.1 fd00:2::1");
    EXPECT_EQ(lease("b"), "");
    const auto orders = ledger.plan(1, kNow);
    ASSERT_FALSE(orders.empty());
    const auto on_first = std::find_if(orders.begin(), orders.end(),
                                       [](const auto& order) { return order.eni == "eni-1"; });
    const auto on_second = std::find_if(orders.begin(), orders.end(),
                                        [](const auto& order) { return order.eni == "eni-2"; });
    ASSERT_TRUE(on_second != orders.end());
    EXPECT_EQ(on_second->wish.ipv4, on_second->wish.ipv6);
    EXPECT_TRUE(on_first == orders.end() || on_first->wish.ipv4 <= on_first->wish.ipv6);
}

TEST_F(EniLedgerTest, ANewDualStackEniAsksForNoMoreIpv6ThanOneCallGives) {
    auto both = settings();
    both.families = Families::Dual;
    auto& ledger = make(both);
    ledger.set_limits({"ecs.big", 2, 30, 30, 2, false});
    const auto orders = ledger.plan(28, kNow);
    ASSERT_THAT(orders, SizeIs(1));
    EXPECT_EQ(orders[0].wish.ipv4, 29U);
    EXPECT_EQ(orders[0].wish.ipv6, 10U);
    ledger.created(orders[0].id, record(1, 30, 10), kNow);
    const auto rest = ledger.plan(28, kNow);
    ASSERT_THAT(rest, SizeIs(1));
    EXPECT_EQ(rest[0].wish.ipv4, 0U);
    EXPECT_EQ(rest[0].wish.ipv6, 10U);
}

TEST_F(EniLedgerTest, Ipv6OnlyPodsDoNotUseThePrimaryIpv4Address) {
    auto six = settings();
    six.families = Families::V6;
    auto& ledger = make(six);
    const auto orders = ledger.plan(1, kNow);
    ASSERT_THAT(orders, SizeIs(1));
    EXPECT_EQ(orders[0].wish.ipv4, 0U);
    EXPECT_EQ(orders[0].wish.ipv6, 4U);
    ledger.created(orders[0].id, record(1, 1, 4), kNow);
    EXPECT_EQ(lease("a"), "fd00:1::1");
}

TEST_F(EniLedgerTest, APrefixIsOneSlotAndSixteenEndpoints) {
    auto whole = settings();
    whole.prefixes = true;
    auto& ledger = make(whole);
    const auto orders = ledger.plan(30, kNow);
    ASSERT_THAT(orders, SizeIs(1));
    EXPECT_EQ(orders[0].wish.ipv4, 0U);
    EXPECT_EQ(orders[0].wish.ipv4_prefixes, 2U);
    auto made = record(1, 1);
    made.addresses.ipv4_prefixes = {Prefix::parse("10.1.0.0/28").value(),
                                    Prefix::parse("10.1.0.16/28").value()};
    ledger.created(orders[0].id, made, kNow);
    EXPECT_EQ(ledger.book().idle(), 33U);
    fill(30);
}

TEST_F(EniLedgerTest, FillsOnePrefixBeforeItStartsAnother) {
    auto whole = settings();
    whole.prefixes = true;
    auto& ledger = make(whole);
    auto made = record(1, 1);
    made.addresses.ipv4_prefixes = {Prefix::parse("10.1.0.0/28").value(),
                                    Prefix::parse("10.1.0.16/28").value()};
    ledger.put_eni(made, true);
    (void)lease("primary", kNow, {ip("10.0.1.1")});
    EXPECT_EQ(lease("a", kNow, {ip("10.1.0.20")}), "10.1.0.20");
    for (int i = 0; i < 15; ++i) {
        const auto address = ip(lease("more-" + std::to_string(i)));
        EXPECT_TRUE(made.addresses.ipv4_prefixes[1].contains(address)) << address.text();
    }
    EXPECT_TRUE(made.addresses.ipv4_prefixes[0].contains(ip(lease("next"))));
}

TEST_F(EniLedgerTest, WhatWasIdleBeyondTheMarkForTheWholeQuietTimeGoesBack) {
    auto& ledger = make();
    ledger.put_eni(record(1, 10), true);
    fill(1);
    EXPECT_THAT(ledger.plan(0, kNow), IsEmpty());
    EXPECT_THAT(ledger.plan(0, kNow + minutes(9)), IsEmpty());
    const auto orders = ledger.plan(0, kNow + minutes(10));
    ASSERT_THAT(orders, SizeIs(1));
    EXPECT_EQ(orders[0].kind, OrderKind::Unassign);
    EXPECT_THAT(orders[0].addresses.ipv4, SizeIs(5));
    EXPECT_EQ(ledger.book().idle(), 4U);
    ledger.done(orders[0].id, kNow + minutes(10));
    EXPECT_THAT(ledger.plan(0, kNow + minutes(30)), IsEmpty());
}

TEST_F(EniLedgerTest, AShortUseOfTheSurplusKeepsIt) {
    auto& ledger = make();
    ledger.put_eni(record(1, 10), true);
    EXPECT_THAT(ledger.plan(0, kNow), IsEmpty());
    fill(7);
    for (unsigned i = 0; i < 7; ++i) {
        ledger.book().release("pod-" + std::to_string(i), kNow + seconds(1));
    }
    EXPECT_THAT(ledger.plan(0, kNow + minutes(10)), IsEmpty());
}

TEST_F(EniLedgerTest, AnEmptyEniGoesBackAsAWholeButNeverOneInUse) {
    auto& ledger = make();
    ledger.put_eni(record(1, 6), true);
    ledger.put_eni(record(2, 6), true);
    fill(1);
    (void)ledger.plan(0, kNow);
    const auto orders = ledger.plan(0, kNow + minutes(10));
    ASSERT_THAT(orders, SizeIs(2));
    EXPECT_EQ(orders[0].kind, OrderKind::Delete);
    EXPECT_EQ(orders[0].eni, "eni-2");
    EXPECT_EQ(orders[1].kind, OrderKind::Unassign);
    EXPECT_EQ(orders[1].eni, "eni-1");
    EXPECT_THAT(orders[1].addresses.ipv4, SizeIs(1));
    EXPECT_EQ(lease("x", kNow + minutes(10), {ip("10.0.2.1")}), "");
}

TEST_F(EniLedgerTest, AnEniWithASingleReservedAddressStays) {
    auto& ledger = make();
    ledger.put_eni(record(1, 10), true);
    (void)lease("a", kNow, {}, "shop/db-0");
    ledger.book().release("a", kNow + minutes(8));
    (void)ledger.plan(0, kNow + minutes(8));
    (void)ledger.plan(0, kNow);
    for (const auto& order : ledger.plan(0, kNow + minutes(12))) {
        EXPECT_NE(order.kind, OrderKind::Delete);
        EXPECT_THAT(order.addresses.ipv4, testing::Not(testing::Contains(ip("10.0.1.1"))));
    }
}

TEST_F(EniLedgerTest, WhenAVSwitchIsFullTheNextIsTriedAndTheFirstRemembered) {
    auto& ledger = make();
    const auto first = ledger.plan(1, kNow);
    ledger.failed(first.at(0).id, failure(Reaction::VSwitchFull), kNow);
    const auto second = ledger.plan(1, kNow);
    ASSERT_THAT(second, SizeIs(1));
    EXPECT_EQ(second[0].vswitch, "vsw-2");
    ledger.failed(second[0].id, failure(Reaction::VSwitchFull), kNow);
    EXPECT_THAT(ledger.plan(1, kNow + minutes(9)), IsEmpty());
    EXPECT_THAT(ledger.troubles(kNow), ElementsAre("vswitch vsw-1 has no free address",
                                                   "vswitch vsw-2 has no free address"));
    EXPECT_EQ(ledger.supply_by(kNow + seconds(30), kNow), 0U);
    EXPECT_EQ(ledger.plan(1, kNow + minutes(10)).at(0).vswitch, "vsw-1");
}

TEST_F(EniLedgerTest, AFullVSwitchIsForgottenWhenWeReleaseAddressesThere) {
    auto& ledger = make();
    ledger.put_eni(record(1, 9), true);
    fill(1);
    (void)ledger.plan(0, kNow);
    const auto unassign = ledger.plan(0, kNow + minutes(10));
    ASSERT_THAT(unassign, SizeIs(1));
    const auto create = ledger.plan(15, kNow + minutes(10));
    ASSERT_FALSE(create.empty());
    ledger.failed(create[0].id, failure(Reaction::VSwitchFull), kNow + minutes(10));
    EXPECT_TRUE(ledger.vswitches().is_exhausted("vsw-1", kNow + minutes(11)));
    ledger.done(unassign[0].id, kNow + minutes(11));
    EXPECT_FALSE(ledger.vswitches().is_exhausted("vsw-1", kNow + minutes(11)));
}

TEST_F(EniLedgerTest, AVSwitchThatCannotBeUsedIsDropped) {
    auto& ledger = make();
    ledger.failed(ledger.plan(1, kNow).at(0).id, failure(Reaction::BadVSwitch), kNow);
    EXPECT_EQ(ledger.plan(1, kNow).at(0).vswitch, "vsw-2");
    EXPECT_THAT(ledger.troubles(kNow).at(0), HasSubstr("vsw-1 cannot be used"));
}

TEST_F(EniLedgerTest, AFullNodeSaysWhichQuotaItHasReached) {
    auto& ledger = make();
    fill_node();
    EXPECT_THAT(ledger.plan(1, kNow), IsEmpty());
    EXPECT_EQ(ledger.supply_by(kNow + seconds(60), kNow), 0U);
    EXPECT_THAT(ledger.troubles(kNow),
                ElementsAre("the node has all the addresses its instance type ecs.test allows: 3 "
                            "of 3 ENIs with up to 10 endpoints each, 30 in use, 0 cooling"));
}

TEST_F(EniLedgerTest, CoolingAddressesAreHopeOnlyForThoseThatCanWait) {
    auto& ledger = make();
    fill_node();
    ledger.book().release("pod-3", kNow);
    EXPECT_EQ(ledger.supply_by(kNow + seconds(29), kNow), 0U);
    EXPECT_EQ(ledger.supply_by(kNow + seconds(30), kNow), 1U);
}

TEST_F(EniLedgerTest, AQuotaOfTheAccountStopsGrowthForLongAndIsToldWhy) {
    auto& ledger = make();
    const auto order = ledger.plan(1, kNow).at(0);
    ledger.failed(order.id, failure(Reaction::AccountLimit, "QuotaExceeded.PrivateIpAddress"),
                  kNow);
    EXPECT_THAT(ledger.plan(1, kNow + seconds(29)), IsEmpty());
    EXPECT_THAT(ledger.troubles(kNow + seconds(29)), ElementsAre("QuotaExceeded.PrivateIpAddress"));
    EXPECT_EQ(ledger.supply_by(kNow + seconds(29), kNow), 0U);
    EXPECT_THAT(ledger.plan(1, kNow + seconds(30)), SizeIs(1));
}

TEST_F(EniLedgerTest, ThrottlingBacksOffAndHonoursWhatTheCloudAsks) {
    auto& ledger = make();
    auto slow = failure(Reaction::Throttled);
    slow.retry_after = seconds(3);
    ledger.failed(ledger.plan(1, kNow).at(0).id, slow, kNow);
    EXPECT_THAT(ledger.plan(1, kNow + milliseconds(2999)), IsEmpty());
    EXPECT_THAT(ledger.plan(1, kNow + seconds(3)), SizeIs(1));
}

TEST_F(EniLedgerTest, ACallWithAnUnknownOutcomeIsSentAgainAsItWas) {
    auto& ledger = make();
    const auto order = ledger.plan(1, kNow).at(0);
    cloud::NewEni wish;
    wish.vswitch = order.vswitch;
    wish.addresses = order.wish;
    auto lost = failure(Reaction::Unknown);
    lost.open = PendingCall{"token-1", wish, {}, {}, kNow};
    ledger.failed(order.id, lost, kNow);
    EXPECT_TRUE(ledger.wants_resync());
    EXPECT_THAT(ledger.plan(1, kNow), IsEmpty());
    const auto again = ledger.plan(1, kNow + milliseconds(500));
    ASSERT_THAT(again, SizeIs(1));
    ASSERT_TRUE(again[0].again.has_value());
    EXPECT_EQ(again[0].again->token, "token-1");
}

TEST_F(EniLedgerTest, AnUnassignThatCertainlyFailedLeavesTheAddressesIdle) {
    auto& ledger = make();
    ledger.put_eni(record(1, 10), true);
    (void)ledger.plan(0, kNow);
    const auto later = kNow + minutes(10);
    const auto order = ledger.plan(0, later).at(0);
    EXPECT_EQ(ledger.book().idle(), 4U);
    ledger.failed(order.id, failure(Reaction::Throttled), later);
    EXPECT_EQ(ledger.book().idle(), 10U);
}

TEST_F(EniLedgerTest, AnUnassignWithAnUnknownOutcomeKeepsTheAddressesFromUse) {
    auto& ledger = make();
    ledger.put_eni(record(1, 10), true);
    (void)ledger.plan(0, kNow);
    const auto later = kNow + minutes(10);
    ledger.failed(ledger.plan(0, later).at(0).id, failure(Reaction::Unknown), later);
    EXPECT_EQ(ledger.book().idle(), 4U);
    EXPECT_TRUE(ledger.wants_resync());
}

TEST_F(EniLedgerTest, RecordsHoldTheirAddressesBeforeAnyEniIsKnown) {
    auto& ledger = make();
    ledger.book().claim({"a", {}}, {ip("10.0.1.2")}, "eni-1");
    EXPECT_EQ(lease("a"), "");
    ledger.put_eni(record(1, 3), true);
    EXPECT_EQ(lease("a"), "10.0.1.2");
    EXPECT_EQ(lease("b"), "10.0.1.1");
    EXPECT_EQ(lease("c"), "10.0.1.3");
    EXPECT_EQ(lease("d"), "");
}

TEST_F(EniLedgerTest, AConflictOfClaimsNamesBothOwners) {
    auto& ledger = make();
    ledger.book().claim({"a", {}}, {ip("10.0.1.2")}, "eni-1");
    try {
        ledger.book().claim({"b", {}}, {ip("10.0.1.2")}, "eni-1");
        FAIL() << "no conflict";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Internal);
        EXPECT_EQ(std::string(error.what()), "address 10.0.1.2 is claimed by b but in use by a");
    }
}

TEST_F(EniLedgerTest, CoolingSurvivesARestart) {
    auto& ledger = make();
    ledger.book().restore_cooling({ip("10.0.1.1"), kNow + seconds(20), {}}, kNow);
    ledger.put_eni(record(1, 1), true);
    EXPECT_EQ(lease("a", kNow + seconds(19)), "");
    EXPECT_EQ(lease("a", kNow + seconds(20)), "10.0.1.1");
}

TEST_F(EniLedgerTest, RefusesWantedAddressesThatCanNeverBeHad) {
    (void)make();
    EXPECT_THROW((void)lease("a", kNow, {ip("fd00::1")}), Error);
    EXPECT_THROW((void)lease("a", kNow, {ip("10.0.0.1"), ip("10.0.0.2")}), Error);
}

TEST_F(EniLedgerTest, WarmsUpOnceAndThenKeepsTheUsualReserve) {
    auto warm = settings();
    warm.warm_up = 9;
    auto& ledger = make(warm);
    const auto orders = ledger.plan(0, kNow);
    EXPECT_EQ(orders.at(0).wish.ipv4, 8U);
    EXPECT_FALSE(ledger.is_warm());
    ledger.created(orders[0].id, record(1, 9), kNow);
    EXPECT_THAT(ledger.plan(0, kNow), IsEmpty());
    EXPECT_TRUE(ledger.is_warm());
    fill(5);
    EXPECT_THAT(ledger.plan(0, kNow), IsEmpty());
}

}  // namespace
}  // namespace terway::pool
