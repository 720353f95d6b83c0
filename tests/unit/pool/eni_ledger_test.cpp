#include "eni_ledger_fixture.hpp"

#include <algorithm>

#include "terway/error.hpp"

namespace terway::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

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

}  // namespace
}  // namespace terway::pool
