// What the ledger does after a call that failed, beyond the tests of its rules.
#include <gmock/gmock.h>

#include "pool/eni_ledger.hpp"

namespace terway::pool {
namespace {

using cloud::Reaction;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

constexpr WallTime kNow{seconds(1'700'000'000)};

class EniSetbackTest : public testing::Test {
protected:
    static EniSettings settings(Families families) {
        EniSettings out;
        out.families = families;
        out.min_idle = 2;
        out.max_idle = 4;
        out.vswitches = {"vsw-1"};
        out.instance = "i-1";
        return out;
    }
    static EniLedger ledger(Families families = Families::V4) {
        EniLedger out(settings(families), [] { return std::uint64_t{1}; });
        out.set_limits({"ecs.test", 4, 10, 10, 4, false});
        return out;
    }
    static Failure failure(Reaction reaction) {
        Failure out;
        out.reaction = reaction;
        out.text = "refused";
        return out;
    }
};

TEST_F(EniSetbackTest, AVSwitchThatCouldNotBeUsedIsTriedAgainLater) {
    auto subject = ledger();
    const auto first = subject.plan(1, kNow);
    ASSERT_THAT(first, SizeIs(1));
    subject.failed(first[0].id, failure(Reaction::BadVSwitch), kNow);
    EXPECT_THAT(subject.troubles(kNow), SizeIs(1));
    EXPECT_THAT(subject.plan(1, kNow + minutes(9)), IsEmpty());
    const auto next = subject.plan(1, kNow + minutes(10));
    ASSERT_THAT(next, SizeIs(1));
    EXPECT_EQ(next[0].vswitch, "vsw-1");
    EXPECT_THAT(subject.troubles(kNow + minutes(10)), IsEmpty());
}

TEST_F(EniSetbackTest, AnUnassignOfBothFamiliesThatFailedMayHaveBeenHalfDone) {
    auto subject = ledger(Families::Dual);
    EniRecord eni;
    eni.place.id = "eni-1";
    eni.vswitch = "vsw-1";
    eni.primary = IpAddress::parse("10.0.1.1").value();
    for (unsigned i = 0; i < 10; ++i) {
        eni.addresses.ipv4.push_back(eni.primary.plus(i));
        eni.addresses.ipv6.push_back(IpAddress::parse("fd00::1").value().plus(i));
    }
    subject.put_eni(eni, true);
    (void)subject.plan(0, kNow);
    const auto later = kNow + minutes(10);
    const auto orders = subject.plan(0, later);
    ASSERT_THAT(orders, SizeIs(1));
    ASSERT_FALSE(orders[0].addresses.ipv4.empty() || orders[0].addresses.ipv6.empty());
    subject.failed(orders[0].id, failure(Reaction::Forbidden), later);
    EXPECT_EQ(subject.book().idle(), 4U) << "none of them is given to a pod before it is read";
    EXPECT_TRUE(subject.wants_resync());
}

}  // namespace
}  // namespace terway::pool
