#include "eni_ledger_fixture.hpp"

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

TEST_F(EniLedgerTest, AVSwitchThatCouldNotBeUsedIsTriedAgainLater) {
    auto only = settings();
    only.vswitches = {"vsw-1"};
    auto& ledger = make(only);
    ledger.failed(ledger.plan(1, kNow).at(0).id, failure(Reaction::BadVSwitch), kNow);
    EXPECT_THAT(ledger.plan(1, kNow + minutes(9)), IsEmpty());
    EXPECT_EQ(ledger.next_event(kNow + minutes(9)), kNow + minutes(10));
    EXPECT_EQ(ledger.plan(1, kNow + minutes(10)).at(0).vswitch, "vsw-1");
    EXPECT_THAT(ledger.troubles(kNow + minutes(10)), IsEmpty());
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

TEST_F(EniLedgerTest, AnUnassignOfBothFamiliesThatFailedMayHaveBeenHalfDone) {
    auto dual = settings();
    dual.families = Families::Dual;
    auto& ledger = make(dual);
    ledger.put_eni(record(1, 10, 10), true);
    (void)ledger.plan(0, kNow);
    const auto later = kNow + minutes(10);
    const auto order = ledger.plan(0, later).at(0);
    ASSERT_FALSE(order.addresses.ipv4.empty() || order.addresses.ipv6.empty());
    ledger.failed(order.id, failure(Reaction::Forbidden), later);
    EXPECT_EQ(ledger.book().idle(), 4U);
    EXPECT_TRUE(ledger.wants_resync());
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

TEST_F(EniLedgerTest, SaysWhatTheCloudRefusesWhileACallIsRepeated) {
    auto& ledger = make();
    const auto order = ledger.plan(1, kNow).at(0);
    EXPECT_THAT(ledger.troubles(kNow), IsEmpty());
    ledger.setback(order.id, "CreateNetworkInterface: Throttling.User");
    EXPECT_THAT(ledger.troubles(kNow), ElementsAre("CreateNetworkInterface: Throttling.User"));
    ledger.progress(order.id, "eni-1", "attaching");
    EXPECT_THAT(ledger.troubles(kNow), IsEmpty()) << "it went on";
}

}  // namespace
}  // namespace terway::pool
