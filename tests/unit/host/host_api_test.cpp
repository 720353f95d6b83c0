#include "host/host_api.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.hpp"
#include "host_testing.hpp"
#include "profile/profile.hpp"

namespace terway::host {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::EndsWith;

class HostApiTest : public testing::Test {
protected:
    const HostApi api_{"veth"};
    const twy_host& host_ = api_.table();
    FakeReaper reaper_;
    twy_call call_{after(std::chrono::hours(1)), reaper_};
};

TEST_F(HostApiTest, StatesItsSizeAndVersion) {
    EXPECT_EQ(host_.size, sizeof(twy_host));
    EXPECT_EQ(host_.abi_major, TWY_ABI_MAJOR);
    EXPECT_EQ(host_.abi_minor, TWY_ABI_MINOR);
}

TEST_F(HostApiTest, LogsUnderTheModulesNameAndTheThreadsRequest) {
    testing::internal::CaptureStderr();
    {
        const log::Scope scope({{"req", "1f2e"}});
        host_.log(&host_, TWY_LOG_WARNING, sdk::str("odd\nthing"));
    }
    host_.log(&host_, TWY_LOG_DEBUG, sdk::str("dropped"));
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                EndsWith(" level=warning msg=\"odd\\nthing\" req=1f2e module=veth\n"));
}

TEST_F(HostApiTest, CopiesTheLastStateOfACall) {
    std::string bytes = "one";
    host_.put_state(&call_, bytes.data(), bytes.size());
    bytes = std::string("t\0o", 3);
    host_.put_state(&call_, bytes.data(), bytes.size());
    bytes = "overwritten";
    EXPECT_EQ(call_.state, std::string("t\0o", 3));
    host_.put_state(&call_, nullptr, 0);
    EXPECT_EQ(call_.state, "");
    EXPECT_FALSE(call_.callback_failure);
}

TEST_F(HostApiTest, TakesSixtyFourKibibytesOfStateAndNotOneByteMore) {
    const std::string bytes(kMaxModuleState + 1, 'x');
    host_.put_state(&call_, bytes.data(), bytes.size() - 1);
    EXPECT_FALSE(call_.callback_failure);
    EXPECT_EQ(call_.state->size(), kMaxModuleState);
    host_.put_state(&call_, bytes.data(), bytes.size());
    ASSERT_TRUE(call_.callback_failure);
    EXPECT_STREQ(call_.callback_failure->what(),
                 "the module wants to keep 65537 bytes of state, the limit is 65536");
}

TEST_F(HostApiTest, TellsTheTimeLeftAndNeverLessThanNone) {
    EXPECT_GT(host_.deadline_ms(&call_), 3'500'000);
    EXPECT_LE(host_.deadline_ms(&call_), 3'600'000);
    call_.verb_deadline = Clock::now() - milliseconds(5);
    EXPECT_EQ(host_.deadline_ms(&call_), 0);
}

TEST_F(HostApiTest, HandsLinksToTheReaper) {
    host_.retire_link(&call_, 7);
    host_.retire_link(&call_, 9);
    EXPECT_THAT(reaper_.retired, ElementsAre(7, 9));
    EXPECT_EQ(host_.await_retired(&call_), 1);
    EXPECT_EQ(reaper_.awaited, call_.verb_deadline);
    reaper_.all_gone = false;
    EXPECT_EQ(host_.await_retired(&call_), 0);
}

TEST_F(HostApiTest, KeepsTheFirstFailureOfTheReaperForTheGate) {
    reaper_.refusal = Error(Status::Retry, "busy", EBUSY);
    host_.retire_link(&call_, 7);
    reaper_.refusal = Error(Status::Internal, "worse");
    host_.retire_link(&call_, 8);
    ASSERT_TRUE(call_.callback_failure);
    EXPECT_STREQ(call_.callback_failure->what(), "retire link 7: busy");
    EXPECT_EQ(call_.callback_failure->status(), Status::Retry);
}

class HostApiConfig : public HostApiTest {
protected:
    HostApiConfig() {
        profile_ = profile::parse(
            "profile = \"p\"\n[chain]\ndataplane = \"veth\"\n[module.veth]\n"
            "flag = true\nrate = 1.5\nrows = [{ id = 7 }, { id = 8 }]\nname = \"x\"\n",
            diagnostics_);
    }
    twy_value get(const twy_table* table, const char* key) {
        auto value = sdk::sized<twy_value>();
        EXPECT_EQ(host_.config_get(table, sdk::str(key), &value), 1) << key;
        return value;
    }

    profile::Diagnostics diagnostics_{"p"};
    std::optional<profile::Profile> profile_;
};

TEST_F(HostApiConfig, GivesEachKindOfValueWithItsPlace) {
    const twy_table table(profile_->modules.at("veth").table, diagnostics_);
    const auto flag = get(&table, "flag");
    EXPECT_EQ(flag.kind, TWY_BOOL);
    EXPECT_EQ(flag.integer, 1);
    EXPECT_EQ(flag.line, 5U);
    EXPECT_EQ(flag.column, 8U);
    EXPECT_EQ(get(&table, "rate").kind, TWY_OTHER);
    EXPECT_EQ(sdk::view(get(&table, "name").string), "x");
    auto value = sdk::sized<twy_value>();
    EXPECT_EQ(host_.config_get(&table, sdk::str("absent"), &value), 0);
}

TEST_F(HostApiConfig, OpensInnerTablesAndArraysOnceEach) {
    const twy_table table(profile_->modules.at("veth").table, diagnostics_);
    const auto rows = get(&table, "rows");
    ASSERT_EQ(rows.kind, TWY_ARRAY);
    EXPECT_EQ(get(&table, "rows").table, rows.table);
    twy_str key{};
    auto row = sdk::sized<twy_value>();
    ASSERT_EQ(host_.config_at(rows.table, 1, &key, &row), 1);
    EXPECT_EQ(sdk::view(key), "");
    ASSERT_EQ(row.kind, TWY_TABLE);
    EXPECT_EQ(get(row.table, "id").integer, 8);
    EXPECT_EQ(host_.config_at(rows.table, 2, &key, &row), 0);
}

TEST_F(HostApiConfig, IteratesInTheOrderOfTheFileWithThePlaceOfTheKey) {
    const twy_table table(profile_->modules.at("veth").table, diagnostics_);
    std::string seen;
    twy_str key{};
    auto value = sdk::sized<twy_value>();
    for (std::size_t i = 0; host_.config_at(&table, i, &key, &value) != 0; ++i) {
        seen += std::string(sdk::view(key)) + "@" + std::to_string(value.line) + ":" +
                std::to_string(value.column) + " ";
    }
    EXPECT_EQ(seen, "flag@5:1 rate@6:1 rows@7:1 name@8:1 ");
}

TEST_F(HostApiConfig, FillsNoMoreOfAValueThanTheModuleKnows) {
    const twy_table table(profile_->modules.at("veth").table, diagnostics_);
    auto value = sdk::sized<twy_value>();
    value.size = offsetof(twy_value, string);
    value.string = sdk::str("untouched");
    EXPECT_EQ(host_.config_get(&table, sdk::str("name"), &value), 1);
    EXPECT_EQ(value.size, offsetof(twy_value, string));
    EXPECT_EQ(value.kind, TWY_STRING);
    EXPECT_EQ(sdk::view(value.string), "untouched");
}

TEST_F(HostApiConfig, PutsAComplaintWithoutAPlaceAtTheTable) {
    const twy_table table(profile_->modules.at("veth").table, diagnostics_);
    host_.config_error(&table, 8, 8, sdk::str("not that name"));
    host_.config_error(&table, 0, 0, sdk::str("a key is missing"));
    EXPECT_EQ(diagnostics_.print(),
              "p:4:1: error: a key is missing\np:8:8: error: not that name\n");
}

}  // namespace
}  // namespace terway::host
