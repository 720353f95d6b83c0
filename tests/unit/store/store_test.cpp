#include "store/store.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <thread>

#include "fixture.hpp"

namespace terway::store {
namespace {

using store::testing::address_of;
using store::testing::find;
using store::testing::key_of;
using store::testing::record_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr WallTime kUntil{std::chrono::milliseconds(1'700'000'000'123)};

class StoreTest : public ::testing::Test {
protected:
    void reopen() {
        store_.reset();
        store_.emplace(directory_.path());
    }
    [[nodiscard]] std::vector<std::string> names() {
        std::vector<std::string> out;
        for (const auto& record : store_->all()) {
            out.push_back(record.spec.pod_name);
        }
        return out;
    }
    [[nodiscard]] mode_t mode(const std::string& name) const {
        struct stat info {};
        EXPECT_EQ(stat((directory_.path() + "/" + name).c_str(), &info), 0) << name;
        return info.st_mode & 07777U;
    }

    store::testing::TemporaryDirectory directory_;
    std::optional<Store> store_{std::in_place, directory_.path()};
};

TEST_F(StoreTest, MakesItsDirectoryForRootOnly) {
    const auto path = directory_.path() + "/new";
    const Store store(path);
    EXPECT_EQ(mode("new"), 0700U);
    EXPECT_EQ(mode("new/terway.db"), 0600U);
    EXPECT_EQ(mode("new/lock"), 0600U);
}

TEST_F(StoreTest, GivesBackWhatWasPutAlsoAfterARestart) {
    const auto record = record_of(1);
    EXPECT_EQ(find(*store_, key_of(1)), std::nullopt);
    store_->put(record);
    EXPECT_EQ(find(*store_, key_of(1)), record);
    reopen();
    EXPECT_EQ(find(*store_, key_of(1)), record);
    EXPECT_THAT(store_->all(), ElementsAre(record));
}

TEST_F(StoreTest, PuttingAgainReplacesAndKeepsTheOrderOfTheFirstTime) {
    store_->put(record_of(3));
    store_->put(record_of(1));
    store_->put(record_of(2));
    auto changed = record_of(3);
    changed.state = endpoint::EndpointState::Ready;
    store_->put(changed);
    EXPECT_THAT(store_->all(), ElementsAre(changed, record_of(1), record_of(2)));
}

TEST_F(StoreTest, TellsTwoLinksOfOneContainerApart) {
    auto second = record_of(1);
    second.spec.key.ifname = "eth1";
    store_->put(record_of(1));
    store_->put(second);
    store_->erase(key_of(1));
    EXPECT_THAT(store_->all(), ElementsAre(second));
}

TEST_F(StoreTest, ErasesARecordAndDoesNotMindAnUnknownOne) {
    store_->put(record_of(1));
    store_->put(record_of(2));
    store_->erase(key_of(1));
    store_->erase(key_of(7));
    EXPECT_THAT(names(), ElementsAre("pod-2"));
}

TEST_F(StoreTest, ErasesAndCoolsInOneGo) {
    store_->put(record_of(1));
    store_->erase_and_cool(key_of(1), {{address_of(1), kUntil, "default/web-0"},
                                       {IpAddress::parse("fd00::1").value(), kUntil, {}}});
    reopen();
    EXPECT_THAT(store_->all(), IsEmpty());
    EXPECT_THAT(store_->cooling(),
                ElementsAre(CoolingAddress{address_of(1), kUntil, "default/web-0"},
                            CoolingAddress{IpAddress::parse("fd00::1").value(), kUntil}));
}

TEST_F(StoreTest, RemembersTheLatestCoolingOfAnAddress) {
    store_->erase_and_cool(key_of(1), {{address_of(1), kUntil, "default/web-0"}});
    store_->erase_and_cool(key_of(1), {{address_of(1), kUntil + std::chrono::seconds(1), {}}});
    EXPECT_THAT(store_->cooling(),
                ElementsAre(CoolingAddress{address_of(1), kUntil + std::chrono::seconds(1)}));
}

TEST_F(StoreTest, ForgetsWhatHasCooledDown) {
    for (int i = 1; i <= 4; ++i) {
        store_->erase_and_cool(key_of(i), {{address_of(i), kUntil + std::chrono::seconds(i), {}}});
    }
    EXPECT_EQ(store_->forget_cooled(kUntil + std::chrono::seconds(3)), 3U);
    EXPECT_EQ(store_->forget_cooled(kUntil + std::chrono::seconds(3)), 0U);
    EXPECT_THAT(store_->cooling(),
                ElementsAre(CoolingAddress{address_of(4), kUntil + std::chrono::seconds(4)}));
}

TEST_F(StoreTest, KeepsNotesByKindAndName) {
    EXPECT_THAT(store_->notes("call"), IsEmpty());
    store_->put_note("call", "b", "one");
    store_->put_note("call", "b", "two");
    store_->put_note("call", "a", {});
    store_->put_note("eni", "b", "other");
    store_->erase_note("call", "unknown");
    reopen();
    EXPECT_THAT(store_->notes("call"), ElementsAre(Note{"a", ""}, Note{"b", "two"}));
    store_->erase_note("call", "b");
    EXPECT_THAT(store_->notes("call"), ElementsAre(Note{"a", ""}));
    EXPECT_THAT(store_->notes("eni"), ElementsAre(Note{"b", "other"}));
}

TEST_F(StoreTest, TakesOverADatabaseOfTheFirstSchema) {
    store_->put(record_of(1));
    store_->erase_and_cool(key_of(2), {{address_of(2), kUntil, {}}});
    store_.reset();
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open((directory_.path() + "/terway.db").c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other,
                           "ALTER TABLE cooling DROP COLUMN reserved_for; DROP TABLE note;"
                           "PRAGMA user_version = 1",
                           nullptr, nullptr, nullptr),
              SQLITE_OK)
        << sqlite3_errmsg(other);
    sqlite3_close(other);
    store_.emplace(directory_.path());
    EXPECT_THAT(store_->all(), ElementsAre(record_of(1)));
    EXPECT_THAT(store_->cooling(), ElementsAre(CoolingAddress{address_of(2), kUntil, ""}));
    store_->put_note("call", "a", "b");
    EXPECT_THAT(store_->notes("call"), ElementsAre(Note{"a", "b"}));
}

TEST_F(StoreTest, KeepsBytesOfAnyValue) {
    auto record = record_of(1);
    record.spec.key.container_id = std::string("a\0b'\xff", 5);
    record.chain[0].state = std::string("\0\x01\xff", 3);
    store_->put(record);
    EXPECT_EQ(find(*store_, record.key()), record);
}

TEST_F(StoreTest, NamesTheFileAndTheRecordThatCannotBeRead) {
    store_->put(record_of(1));
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open((directory_.path() + "/terway.db").c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "UPDATE endpoint SET body = '{}'", nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(other);
    try {
        (void)store_->all();
        FAIL() << "read";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Invalid);
        EXPECT_EQ(error.what(), directory_.path() +
                                    "/terway.db: record of endpoint container-1/eth0: version is "
                                    "missing");
    }
    store_->erase(key_of(1));
    EXPECT_THAT(store_->all(), IsEmpty());
}

TEST_F(StoreTest, AnswersRetryWhileSomebodyElseWrites) {
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open((directory_.path() + "/terway.db").c_str(), &other), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    try {
        store_->put(record_of(1));
        FAIL() << "written";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Retry);
        EXPECT_EQ(error.what(), directory_.path() +
                                    "/terway.db: cannot store endpoint container-1/eth0: database "
                                    "is locked");
    }
    sqlite3_close(other);
    store_->put(record_of(1));
    EXPECT_THAT(names(), ElementsAre("pod-1"));
}

TEST_F(StoreTest, ServesManyThreads) {
    constexpr int kThreads = 8;
    constexpr int kEach = 25;
    {
        std::vector<std::jthread> requests;
        requests.reserve(kThreads);
        for (int thread = 0; thread < kThreads; ++thread) {
            requests.emplace_back([&, thread] {
                for (int i = 0; i < kEach; ++i) {
                    const int number = thread * kEach + i;
                    store_->put(record_of(number));
                    if (i % 2 == 0) {
                        store_->erase_and_cool(key_of(number), {{address_of(number), kUntil, {}}});
                    }
                    EXPECT_EQ(find(*store_, key_of(number)).has_value(), i % 2 != 0);
                }
            });
        }
    }
    EXPECT_EQ(store_->all().size(), 8U * 12U);
    EXPECT_EQ(store_->cooling().size(), 8U * 13U);
}

TEST_F(StoreTest, NeedsLittleMemoryHoweverMuchItKeeps) {
    for (int i = 0; i < 2000; ++i) {
        store_->put(record_of(i));
    }
    EXPECT_GT(sqlite3_memory_used(), 0);
    EXPECT_LT(sqlite3_memory_used(), 768 * 1024);
}

}  // namespace
}  // namespace terway::store
