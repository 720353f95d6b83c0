#include "pool/eni_audit.hpp"

#include <gmock/gmock.h>

#include "pool/eni_ledger.hpp"

namespace terway::pool {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr WallTime kNow{seconds(1'700'000'000)};

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

class EniAuditTest : public testing::Test {
protected:
    EniAuditTest() {
        settings_.instance = "i-1";
        settings_.vswitches = {"vsw-1"};
        ledger_.emplace(settings_, [] { return std::uint64_t{0}; });
        ledger_->set_limits({"ecs.test", 4, 10, 10, 4, false});
        ledger_->put_eni(record(), true);
    }
    static EniRecord record() {
        EniRecord out;
        out.place.id = "eni-1";
        out.place.mac = Mac{{0, 0x16, 0x3e, 0, 0, 1}};
        out.vswitch = "vsw-1";
        out.primary = ip("10.0.1.1");
        out.addresses.ipv4 = {ip("10.0.1.1"), ip("10.0.1.2"), ip("10.0.1.3")};
        return out;
    }
    // What both sources show; they agree unless a test says otherwise.
    static EniRead eni(std::initializer_list<std::string_view> addresses,
                       const std::string& id = "eni-1") {
        EniRead read;
        read.api.id = id;
        read.api.mac = Mac{{0, 0x16, 0x3e, 0, 0, 1}};
        read.api.status = cloud::EniStatus::InUse;
        read.api.instance = "i-1";
        read.api.vswitch = "vsw-1";
        read.api.primary = ip(*addresses.begin());
        for (const auto text : addresses) {
            read.api.ipv4.push_back(ip(text));
        }
        read.nic.emplace();
        read.nic->ipv4 = read.api.ipv4;
        return read;
    }
    Findings compare(std::vector<EniRead> enis, bool nic_is_there = false) {
        Reading reading;
        reading.began = ledger_->book().changes();
        reading.enis = std::move(enis);
        if (nic_is_there) {
            reading.nics.insert(Mac{{0, 0x16, 0x3e, 0, 0, 1}});
        }
        return ledger_->compare(reading, kNow);
    }
    bool can_lease(const Owner& owner, std::string_view address) {
        return ledger_->lease({owner, {}}, kNow, {ip(address)}).has_value();
    }

    EniSettings settings_;
    std::optional<EniLedger> ledger_;
};

TEST_F(EniAuditTest, AnAddressThatIsMissingOnceIsNotLost) {
    EXPECT_THAT(compare({eni({"10.0.1.1", "10.0.1.2"})}).lost, IsEmpty());
    EXPECT_THAT(compare({eni({"10.0.1.1", "10.0.1.2", "10.0.1.3"})}).lost, IsEmpty());
    EXPECT_THAT(compare({eni({"10.0.1.1", "10.0.1.2"})}).lost, IsEmpty());
    EXPECT_TRUE(can_lease("a", "10.0.1.3"));
}

TEST_F(EniAuditTest, AnAddressThatIsMissingTwiceIsLostAndNeverGivenOut) {
    (void)compare({eni({"10.0.1.1", "10.0.1.2"})});
    EXPECT_THAT(compare({eni({"10.0.1.1", "10.0.1.2"})}).lost, ElementsAre(ip("10.0.1.3")));
    EXPECT_FALSE(can_lease("a", "10.0.1.3"));
}

TEST_F(EniAuditTest, AnAddressThatOneSourceStillShowsIsNotLost) {
    auto half = eni({"10.0.1.1", "10.0.1.2"});
    half.nic->ipv4.push_back(ip("10.0.1.3"));
    (void)compare({half});
    (void)compare({half});
    EXPECT_THAT(compare({half}).lost, IsEmpty());
}

TEST_F(EniAuditTest, ALostAddressInUseStaysWithItsOwnerUntilItGoes) {
    ASSERT_TRUE(can_lease("a", "10.0.1.3"));
    (void)compare({eni({"10.0.1.1", "10.0.1.2"})});
    const auto findings = compare({eni({"10.0.1.1", "10.0.1.2"})});
    EXPECT_THAT(findings.lost_in_use, ElementsAre(ip("10.0.1.3")));
    EXPECT_EQ(ledger_->lease({"a", {}}, kNow)->addresses, Addresses{ip("10.0.1.3")});
    ledger_->book().release("a", kNow);
    EXPECT_EQ(ledger_->book().find(ip("10.0.1.3")), nullptr);
}

TEST_F(EniAuditTest, AReadOlderThanTheBooksIsNotBelieved) {
    Reading old;
    old.began = ledger_->book().changes();
    old.enis = {eni({"10.0.1.1"})};
    cloud::AddressSet more;
    more.ipv4 = {ip("10.0.1.4")};
    ledger_->book().add_addresses("eni-1", more);
    (void)ledger_->compare(old, kNow);
    (void)ledger_->compare(old, kNow);
    EXPECT_TRUE(can_lease("a", "10.0.1.4"));
    EXPECT_TRUE(can_lease("b", "10.0.1.2"));
}

TEST_F(EniAuditTest, AnUnknownAddressBecomesOursWhenBothSourcesShowItTwice) {
    const auto both = eni({"10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.9"});
    auto one = both;
    one.nic->ipv4.pop_back();
    (void)compare({one});
    (void)compare({one});
    (void)compare({both});
    EXPECT_FALSE(can_lease("a", "10.0.1.9"));
    EXPECT_THAT(compare({both}).turned_up, ElementsAre(ip("10.0.1.9")));
    EXPECT_TRUE(can_lease("a", "10.0.1.9"));
}

TEST_F(EniAuditTest, AnAddressGivenBackIsNotRaisedByStaleReads) {
    EniAudit audit(settings_);
    EniBook book(settings_);
    auto known = record();
    known.addresses.ipv4.pop_back();
    book.add_eni(known);
    cloud::AddressSet gone;
    gone.ipv4 = {ip("10.0.1.3")};
    audit.bury(gone, kNow);
    const Reading stale{book.changes(), {eni({"10.0.1.1", "10.0.1.2", "10.0.1.3"})}, {}, {}};
    for (int i = 0; i < 5; ++i) {
        EXPECT_THAT(audit.compare(book, stale, kNow + minutes(9)).turned_up, IsEmpty());
    }
    (void)audit.compare(book, stale, kNow + minutes(10));
    EXPECT_THAT(audit.compare(book, stale, kNow + minutes(10)).turned_up, SizeIs(1));
}

TEST_F(EniAuditTest, OfAHalfDoneUnassignEachAddressIsWhatBothSourcesSay) {
    cloud::AddressSet aside;
    aside.ipv4 = {ip("10.0.1.2"), ip("10.0.1.3")};
    (void)ledger_->book().set_aside("eni-1", aside);
    auto half = eni({"10.0.1.1", "10.0.1.2"});
    half.nic->ipv4.pop_back();
    EXPECT_THAT(compare({half}).changed, SizeIs(1));
    EXPECT_EQ(ledger_->book().find(ip("10.0.1.3")), nullptr);
    EXPECT_FALSE(can_lease("a", "10.0.1.2")) << "one source does not show it";
    EXPECT_THAT(compare({eni({"10.0.1.1", "10.0.1.2"})}).changed, SizeIs(1));
    EXPECT_TRUE(can_lease("a", "10.0.1.2"));
    EXPECT_THAT(compare({eni({"10.0.1.1", "10.0.1.2"})}).changed, IsEmpty());
}

TEST_F(EniAuditTest, AnEniThatIsMissingTwiceIsLostAndForgottenWhenItsLastPodGoes) {
    ASSERT_TRUE(can_lease("a", "10.0.1.1"));
    EXPECT_THAT(compare({}).lost_enis, IsEmpty());
    EXPECT_THAT(compare({}, true).lost_enis, IsEmpty());
    EXPECT_THAT(compare({}).lost_enis, IsEmpty());
    const auto findings = compare({});
    EXPECT_THAT(findings.lost_enis, ElementsAre("eni-1"));
    EXPECT_THAT(findings.lost_in_use, ElementsAre(ip("10.0.1.1")));
    EXPECT_FALSE(can_lease("b", "10.0.1.2"));
    EXPECT_EQ(ledger_->picture(kNow).enis.at(0).state, "missing");
    ledger_->book().release("a", kNow);
    bool forgets = false;
    for (const auto& order : ledger_->plan(0, kNow)) {
        forgets = forgets || (order.kind == OrderKind::Forget && order.eni == "eni-1");
    }
    EXPECT_TRUE(forgets);
}

TEST_F(EniAuditTest, AnUnknownEniOfTheInstanceIsToBeAdopted) {
    EXPECT_THAT(
        compare({eni({"10.0.1.1", "10.0.1.2", "10.0.1.3"}), eni({"10.0.2.1"}, "eni-2")}).to_adopt,
        SizeIs(1));
}

TEST_F(EniAuditTest, AnEniThatTheMetadataServiceDoesNotShowIsNotAdopted) {
    auto early = eni({"10.0.2.1"}, "eni-2");
    early.nic.reset();
    EXPECT_THAT(compare({early}).to_adopt, IsEmpty());
}

TEST_F(EniAuditTest, ForeignEnisTakePlacesButAreLeftAlone) {
    settings_.only_tags = {{"team", "net"}};
    settings_.block_tags = {{"hands", "off"}};
    ledger_.emplace(settings_, [] { return std::uint64_t{0}; });
    ledger_->set_limits({"ecs.test", 4, 10, 10, 4, false});
    auto untagged = eni({"10.0.2.1"}, "eni-2");
    auto blocked = eni({"10.0.3.1"}, "eni-3");
    blocked.api.tags = {{"team", "net"}, {"hands", "off"}};
    auto managed = eni({"10.0.4.1"}, "eni-4");
    managed.api.tags = {{"team", "net"}};
    managed.api.service_managed = true;
    const auto findings = compare({untagged, blocked, managed});
    EXPECT_THAT(findings.to_adopt, IsEmpty());
    EXPECT_EQ(findings.foreign, 3U);
    EXPECT_THAT(ledger_->plan(5, kNow), IsEmpty());
    EXPECT_THAT(ledger_->troubles(kNow).at(0), testing::HasSubstr("3 places taken by other ENIs"));
}

}  // namespace
}  // namespace terway::pool
