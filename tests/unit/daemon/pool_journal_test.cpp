#include "daemon/pool_journal.hpp"

#include <gmock/gmock.h>

#include "../store/fixture.hpp"

namespace terway::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}
Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

pool::PendingCall creation() {
    pool::PendingCall call;
    call.token = "t-1";
    call.create = cloud::NewEni{
        "vsw-1",          {"sg-1", "sg-2"},        "rg-1",        "terway-1",
        "made by terway", {{"creator", "terway"}}, {29, 0, 0, 1},
    };
    call.begun = WallTime(std::chrono::milliseconds(1'700'000'000'123));
    return call;
}

pool::PendingCall assignment() {
    pool::PendingCall call;
    call.token = "t-2";
    call.eni = "eni-1";
    call.wish.ipv4_prefixes = 3;
    return call;
}

pool::EniRecord eni(const std::string& id) {
    pool::EniRecord record;
    record.place = {id,
                    Mac::parse("00:16:3e:00:00:01").value(),
                    7,
                    {prefix("10.0.0.0/24"), prefix("fd00::/64")},
                    {ip("10.0.0.253"), ip("fe80::1")}};
    record.vswitch = "vsw-1";
    record.primary = ip("10.0.0.20");
    record.addresses = {{ip("10.0.0.20"), ip("10.0.0.21")},
                        {ip("fd00::21")},
                        {prefix("10.0.0.64/28")},
                        {prefix("fd00::/80")}};
    return record;
}

class PoolJournalTest : public ::testing::Test {
protected:
    store::testing::TemporaryDirectory directory_;
    std::optional<store::Store> store_{std::in_place, directory_.path()};
    std::optional<PoolJournal> journal_{std::in_place, *store_};

    void restart() {
        journal_.reset();
        store_.reset();
        store_.emplace(directory_.path());
        journal_.emplace(*store_);
    }
};

TEST_F(PoolJournalTest, RemembersCallsUnderWayOverARestart) {
    journal_->begin(creation());
    journal_->begin(assignment());
    restart();
    EXPECT_THAT(journal_->pending(), ElementsAre(creation(), assignment()));
    journal_->finish("t-1");
    journal_->finish("unknown");
    restart();
    EXPECT_THAT(journal_->pending(), ElementsAre(assignment()));
}

TEST_F(PoolJournalTest, RemembersEnisAsLastKept) {
    journal_->keep(eni("eni-1"));
    journal_->keep(eni("eni-2"));
    auto changed = eni("eni-1");
    changed.addresses.ipv4.pop_back();
    journal_->keep(changed);
    restart();
    EXPECT_THAT(journal_->enis(), ElementsAre(changed, eni("eni-2")));
    journal_->drop("eni-1");
    EXPECT_THAT(journal_->enis(), ElementsAre(eni("eni-2")));
    EXPECT_THAT(journal_->pending(), IsEmpty());
}

TEST_F(PoolJournalTest, PassesOverWhatItCannotRead) {
    journal_->keep(eni("eni-1"));
    store_->put_note("eni", "eni-0", "{}");
    store_->put_note("eni", "eni-9", "no json");
    store_->put_note("pending-call", "t-9", R"({"eni":7})");
    EXPECT_THAT(journal_->enis(), ElementsAre(eni("eni-1")));
    EXPECT_THAT(journal_->pending(), IsEmpty());
}

}  // namespace
}  // namespace terway::daemon
