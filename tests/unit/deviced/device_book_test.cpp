#include "deviced/device_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace terway::deviced {
namespace {

using std::chrono::seconds;

using Counts = DeviceBook::Counts;

constexpr seconds kPatience{60};
constexpr Deadline kStart{seconds(1'000)};

class DeviceBookTest : public ::testing::Test {
protected:
    // The newest list; nothing is waited for.
    DeviceList list() {
        const auto edition = book_.newer_than(0, {}, Clock::now());
        return edition ? edition->devices : DeviceList{};
    }

    DeviceBook book_{kPatience};
};

TEST_F(DeviceBookTest, HasNoDevicesBeforeTheDaemonHasSpoken) {
    EXPECT_EQ(book_.hear(std::nullopt, kStart), std::nullopt);
    EXPECT_FALSE(book_.has_devices());
    EXPECT_EQ(list(), DeviceList{});
}

TEST_F(DeviceBookTest, ListsWhatTheDaemonSays) {
    EXPECT_EQ(book_.hear(Supply{2, 0, 0}, kStart), (Counts{2, 2}));
    EXPECT_TRUE(book_.has_devices());
    EXPECT_EQ(list(), list_devices(2, 2, {}));
}

TEST_F(DeviceBookTest, TellsOnlyWhatIsNew) {
    (void)book_.hear(Supply{2, 0, 0}, kStart);
    EXPECT_EQ(book_.hear(Supply{2, 1, 0}, kStart), std::nullopt);
    EXPECT_EQ(book_.hear(Supply{3, 1, 0}, kStart), (Counts{3, 3}));
}

TEST_F(DeviceBookTest, KeepsDevicesListedThatTheNodeHasNoLonger) {
    (void)book_.hear(Supply{4, 0, 0}, kStart);
    EXPECT_EQ(book_.hear(Supply{2, 0, 0}, kStart), (Counts{4, 2}));
    EXPECT_EQ(book_.hear(Supply{}, kStart), (Counts{4, 0}));
}

TEST_F(DeviceBookTest, SparesGivenDevicesWhenItShrinks) {
    (void)book_.hear(Supply{3, 0, 0}, kStart);
    EXPECT_TRUE(book_.give({"eni-2"}));
    (void)book_.hear(Supply{2, 1, 0}, kStart);
    EXPECT_EQ(list(), list_devices(3, 2, {2}));
    EXPECT_NE(list(), list_devices(3, 2, {}));
}

TEST_F(DeviceBookTest, GivesOnlyWhatWasListed) {
    (void)book_.hear(Supply{2, 0, 0}, kStart);
    EXPECT_FALSE(book_.give({"eni-0", "eni-2"}));
    EXPECT_FALSE(book_.give({"strange"}));
    EXPECT_TRUE(book_.give({}));
}

TEST_F(DeviceBookTest, BelievesASilentDaemonForAsLongAsItsPatience) {
    (void)book_.hear(Supply{2, 0, 0}, kStart);
    EXPECT_EQ(book_.hear(std::nullopt, kStart + kPatience - seconds(1)), std::nullopt);
    EXPECT_EQ(book_.hear(std::nullopt, kStart + kPatience), (Counts{2, 0}));
    EXPECT_EQ(book_.hear(std::nullopt, kStart + kPatience + seconds(1)), std::nullopt);
    EXPECT_EQ(book_.hear(Supply{2, 0, 0}, kStart + kPatience * 2), (Counts{2, 2}));
}

TEST_F(DeviceBookTest, WakesWhoWaitsForANewList) {
    (void)book_.hear(Supply{1, 0, 0}, kStart);
    const auto first = book_.newer_than(0, {}, Clock::now());
    ASSERT_TRUE(first);
    auto reader = std::async(std::launch::async, [&] {
        return book_.newer_than(first->number, {}, after(seconds(20)));
    });
    (void)book_.hear(Supply{2, 0, 0}, kStart);
    const auto second = reader.get();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->devices.size(), 2U);
}

TEST_F(DeviceBookTest, LetsGoWhoWaitsWhenToldToStop) {
    (void)book_.hear(Supply{1, 0, 0}, kStart);
    const auto first = book_.newer_than(0, {}, Clock::now());
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(book_.newer_than(first->number, stop.get_token(), Deadline::max()));
}

}  // namespace
}  // namespace terway::deviced
