#include "endpoint/key_lock.hpp"

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

const EndpointKey kOne{"c1", "eth0"};
const EndpointKey kOther{"c1", "net1"};

TEST(KeyLock, OneEndpointHasOneOperationAtATime) {
    KeyLock keys;
    std::atomic<int> inside{0};
    std::atomic<bool> together{false};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 100; ++round) {
                const auto guard = keys.lock(kOne, {}, after(std::chrono::seconds(30)));
                together = together || inside.fetch_add(1) != 0;
                --inside;
            }
        });
    }
    threads.clear();
    EXPECT_FALSE(together);
}

TEST(KeyLock, DifferentEndpointsDoNotWaitForEachOther) {
    KeyLock keys;
    const auto one = keys.lock(kOne, {}, after(milliseconds(100)));
    const auto other = keys.lock(kOther, {}, after(milliseconds(100)));
}

TEST(KeyLock, RefusesAtTheDeadlineNamingTheEndpoint) {
    KeyLock keys;
    const auto held = keys.lock(kOne, {}, after(milliseconds(100)));
    try {
        const auto guard = keys.lock(kOne, {}, after(milliseconds(5)));
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Retry);
        EXPECT_THAT(error.what(), ::testing::HasSubstr("c1/eth0"));
    }
}

TEST(KeyLock, AnInterruptionReachesThePresentHolderOnly) {
    KeyLock keys;
    keys.interrupt(kOne);
    {
        const auto held = keys.lock(kOne, {}, after(milliseconds(100)));
        const auto other = keys.lock(kOther, {}, after(milliseconds(100)));
        EXPECT_FALSE(held.interruption().stop_requested()) << "that was before";
        keys.interrupt(kOne);
        EXPECT_TRUE(held.interruption().stop_requested());
        EXPECT_FALSE(other.interruption().stop_requested());
    }
    const auto next = keys.lock(kOne, {}, after(milliseconds(100)));
    EXPECT_FALSE(next.interruption().stop_requested());
}

TEST(KeyLock, AKeyWhoseHolderIsStuckRefusesAtOnceUntilTheHolderComesBack) {
    KeyLock keys;
    {
        auto stuck = keys.lock(kOne, {}, after(milliseconds(100)));
        std::jthread waiter([&] {
            EXPECT_THROW((void)keys.lock(kOne, {}, after(std::chrono::minutes(5))), Error);
        });
        stuck.abandon();
        waiter.join();
        EXPECT_THROW((void)keys.lock(kOne, {}, after(std::chrono::minutes(5))), Error);
    }
    const auto free = keys.lock(kOne, {}, after(milliseconds(100)));
}

}  // namespace
}  // namespace terway::endpoint
