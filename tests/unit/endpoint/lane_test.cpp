#include "endpoint/lane.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "terway/error.hpp"

namespace terway::endpoint {
namespace {

using std::chrono::milliseconds;

TEST(Lane, LetsNoMoreIntoTheKernelThanItIsWide) {
    Lane lane("add", 3);
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 50; ++round) {
                const auto permit = lane.enter({}, after(std::chrono::seconds(30)));
                const int now = ++inside;
                int seen = most.load();
                while (seen < now && !most.compare_exchange_weak(seen, now)) {
                }
                --inside;
            }
        });
    }
    threads.clear();
    EXPECT_LE(most.load(), 3);
    EXPECT_EQ(inside.load(), 0);
}

TEST(Lane, RefusesWhenItStaysFullUntilTheDeadline) {
    Lane lane("add", 1);
    const auto held = lane.enter({}, after(milliseconds(100)));
    try {
        const auto permit = lane.enter({}, after(milliseconds(5)));
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Retry);
        EXPECT_THAT(error.what(), ::testing::HasSubstr("add lane"));
    }
}

TEST(Lane, APlaceSurrenderedByAStuckHolderIsGivenOnceOnly) {
    Lane lane("add", 1);
    {
        auto stuck = lane.enter({}, after(milliseconds(100)));
        stuck.surrender();
        stuck.surrender();
        const auto next = lane.enter({}, after(milliseconds(100)));
    }
    const auto one = lane.enter({}, after(milliseconds(100)));
    EXPECT_THROW((void)lane.enter({}, after(milliseconds(5))), Error);
}

TEST(Lane, AStopEndsTheWait) {
    Lane lane("del", 1);
    const auto held = lane.enter({}, after(milliseconds(100)));
    std::stop_source stop;
    std::jthread stopper([&] { stop.request_stop(); });
    EXPECT_THROW((void)lane.enter(stop.get_token(), after(std::chrono::minutes(1))), Error);
}

}  // namespace
}  // namespace terway::endpoint
