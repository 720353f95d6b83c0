// First come, first served, whatever happens meanwhile.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "pool/cidr_pool.hpp"
#include "terway/error.hpp"

namespace terway::pool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCoolDown{1000};

template <class Condition>
void await(Condition holds) {
    const auto deadline = after(std::chrono::seconds(5));
    while (!holds() && Clock::now() < deadline) {
        std::this_thread::yield();
    }
    RC_ASSERT(holds());
}

// Waiting threads queue up one after the other; then addresses become free in batches of any size.
// After each batch those served are exactly the first in the queue.
RC_GTEST_PROP(PoolProperty, ServesTheOldestFirstHoweverAddressesBecomeFree, ()) {
    std::atomic<std::int64_t> now{1'000'000};
    CidrPool pool({Prefix::parse("10.0.0.0/28").value()}, kCoolDown, {},
                  [&] { return WallTime(milliseconds(now.load())); });
    constexpr int kAddresses = 14;
    for (int i = 0; i < kAddresses; ++i) {
        (void)pool.lease({"old" + std::to_string(i), {}}, {}, Deadline::min());
    }
    std::vector<std::int64_t> free_at;
    for (int i = 0; i < kAddresses; ++i) {
        now += *rc::gen::inRange(0, 3);
        pool.release("old" + std::to_string(i));
        free_at.push_back(now + kCoolDown.count());
    }
    const auto waiters = *rc::gen::inRange<std::size_t>(1, kAddresses + 1);
    std::array<std::atomic<bool>, kAddresses> served{};
    std::vector<std::jthread> requests;
    for (std::size_t i = 0; i < waiters; ++i) {
        requests.emplace_back([&pool, &served, i](const std::stop_token& stop) {
            try {
                (void)pool.lease({"new" + std::to_string(i), {}}, stop,
                                 after(std::chrono::minutes(1)));
                served.at(i) = true;
            } catch (const Error&) {
                // Left unserved, which is what the property looks at.
            }
        });
        await([&] { return pool.picture().waiting.size() == i + 1; });
    }
    while (now < free_at.back()) {
        now += *rc::gen::inRange(1, 400);
        pool.tick();
        const auto ripe = std::min(
            waiters, static_cast<std::size_t>(std::count_if(free_at.begin(), free_at.end(),
                                                            [&](auto at) { return at <= now; })));
        RC_ASSERT(pool.picture().waiting.size() == waiters - ripe);
        const auto is_served = [](const auto& each) { return each.load(); };
        await([&] {
            return std::count_if(served.begin(), served.end(), is_served) ==
                   static_cast<std::ptrdiff_t>(ripe);
        });
        RC_ASSERT(std::all_of(served.begin(), served.begin() + static_cast<std::ptrdiff_t>(ripe),
                              is_served));
    }
}

}  // namespace
}  // namespace terway::pool
