#include "host/watchdog.hpp"

#include <atomic>
#include <memory>

#include <gtest/gtest.h>

#include "host_testing.hpp"

namespace terway::host {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class WatchdogTest : public testing::Test {
protected:
    std::atomic<int> balance_{0};
    std::atomic<int> given_up_{0};
    Watchdog watchdog_{1, [this](int change) { balance_ += change; }, [this] { ++given_up_; }};
};

TEST_F(WatchdogTest, LeavesACallThatReturnsInTimeAlone) {
    std::atomic<int> fired{0};
    {
        Watchdog::Watch watch(watchdog_, after(hours(1)), [&] { ++fired; });
        EXPECT_FALSE(watch.finish());
        EXPECT_FALSE(watch.finish());
    }
    EXPECT_EQ(fired, 0);
    EXPECT_EQ(watchdog_.lost(), 0U);
}

TEST_F(WatchdogTest, CallsBackOnceWhenACallIsOverdueAndNoticesItsReturn) {
    std::atomic<int> fired{0};
    Watchdog::Watch watch(watchdog_, after(milliseconds(5)), [&] { ++fired; });
    ASSERT_TRUE(eventually([&] { return fired == 1; }));
    EXPECT_EQ(watchdog_.lost(), 1U);
    EXPECT_TRUE(watch.finish());
    EXPECT_TRUE(watch.finish());
    EXPECT_EQ(watchdog_.lost(), 0U);
    EXPECT_EQ(balance_, 0);
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(given_up_, 0);
}

TEST_F(WatchdogTest, TurnsToAnEarlierDeadlineThatArrivesLater) {
    std::atomic<bool> late{false};
    std::atomic<bool> early{false};
    const Watchdog::Watch patient(watchdog_, after(hours(1)), [&] { late = true; });
    const Watchdog::Watch hasty(watchdog_, after(milliseconds(5)), [&] { early = true; });
    EXPECT_TRUE(eventually([&] { return early.load(); }));
    EXPECT_FALSE(late);
}

TEST_F(WatchdogTest, DoesNotLetACallEndWhileItsCallbackRuns) {
    std::atomic<bool> entered{false};
    std::atomic<bool> leave{false};
    std::atomic<bool> left{false};
    auto watch = std::make_unique<Watchdog::Watch>(watchdog_, after(milliseconds(1)), [&] {
        entered = true;
        EXPECT_TRUE(eventually([&] { return leave.load(); }));
        left = true;
    });
    ASSERT_TRUE(eventually([&] { return entered.load(); }));
    bool left_before_finish = false;
    std::jthread finisher([&] {
        EXPECT_TRUE(watch->finish());
        left_before_finish = left;
    });
    leave = true;
    finisher.join();
    EXPECT_TRUE(left_before_finish);
}

TEST_F(WatchdogTest, GivesUpOnceWhenTooManyCallsAreLostAtATime) {
    std::atomic<int> fired{0};
    const auto lose = [&] {
        return std::make_unique<Watchdog::Watch>(watchdog_, after(milliseconds(1)),
                                                 [&] { ++fired; });
    };
    auto first = lose();
    ASSERT_TRUE(eventually([&] { return fired == 1; }));
    EXPECT_TRUE(first->finish());
    first = lose();
    ASSERT_TRUE(eventually([&] { return fired == 2; }));
    EXPECT_EQ(given_up_, 0);
    const auto second = lose();
    EXPECT_TRUE(eventually([&] { return given_up_ == 1; }));
    const auto third = lose();
    ASSERT_TRUE(eventually([&] { return fired == 4; }));
    EXPECT_EQ(watchdog_.lost(), 3U);
    EXPECT_EQ(balance_, 3);
    EXPECT_TRUE(third->finish());
    EXPECT_EQ(given_up_, 1);
}

TEST_F(WatchdogTest, HoldsManyCallsOfManyThreadsApart) {
    std::atomic<int> fired{0};
    std::atomic<int> lost{0};
    {
        std::vector<std::jthread> threads;
        threads.reserve(16);
        for (int i = 0; i < 16; ++i) {
            threads.emplace_back([&, i] {
                for (int j = 0; j < 50; ++j) {
                    std::atomic<bool> mine{false};
                    Watchdog::Watch watch(watchdog_, after(i % 2 == 0 ? hours(1) : hours(-1)), [&] {
                        mine = true;
                        ++fired;
                    });
                    if (i % 2 != 0 && j % 2 == 0) {
                        EXPECT_TRUE(eventually([&] { return mine.load(); }));
                    }
                    lost += watch.finish() ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(fired, lost);
    EXPECT_GE(lost, 8 * 25);
    EXPECT_LE(lost, 8 * 50);
    EXPECT_EQ(watchdog_.lost(), 0U);
    EXPECT_EQ(balance_, 0);
}

}  // namespace
}  // namespace terway::host
