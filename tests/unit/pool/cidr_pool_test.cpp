#include "pool/cidr_pool.hpp"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "terway/error.hpp"

namespace terway::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr seconds kCoolDown{30};
constexpr seconds kStickyFor{300};

// A wall clock under the test's hand; the steady clock of the deadlines is the real one.
class FakeClock {
public:
    [[nodiscard]] CidrPool::WallClock reader() {
        return [this] { return WallTime(milliseconds(now_.load())); };
    }
    void advance(milliseconds span) { now_ += span.count(); }

private:
    std::atomic<std::int64_t> now_{1'700'000'000'000};
};

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

class PoolTest : public testing::Test {
protected:
    [[nodiscard]] std::unique_ptr<CidrPool> make(std::string_view cidr,
                                                 milliseconds cool_down = kCoolDown) {
        return std::make_unique<CidrPool>(std::vector{Prefix::parse(cidr).value()}, cool_down,
                                          kStickyFor, clock_.reader());
    }
    static std::string lease(CidrPool& pool, const Owner& owner, Clock::duration patience = {},
                             const Addresses& wanted = {}) {
        return pool.lease({owner, {}}, {}, after(patience), wanted).addresses.at(0).text();
    }
    static std::pair<Status, std::string> refusal(CidrPool& pool, const Owner& owner,
                                                  Clock::duration patience = {},
                                                  const Addresses& wanted = {}) {
        try {
            return {Status::Internal, "no failure but " + lease(pool, owner, patience, wanted)};
        } catch (const Error& error) {
            return {error.status(), error.what()};
        }
    }
    // A request on a thread of its own, waiting by the time this returns.
    static std::future<std::string> waiting_lease(CidrPool& pool, const Owner& owner,
                                                  const Addresses& wanted = {}) {
        const auto before = pool.picture().waiting.size();
        auto answer = std::async(std::launch::async, [&pool, owner, wanted] {
            return lease(pool, owner, std::chrono::minutes(1), wanted);
        });
        await_waiting(pool, before + 1);
        return answer;
    }
    static void await_waiting(CidrPool& pool, std::size_t count) {
        const auto deadline = after(seconds(20));
        while (pool.picture().waiting.size() != count && Clock::now() < deadline) {
            std::this_thread::yield();
        }
        ASSERT_EQ(pool.picture().waiting.size(), count);
    }
    static std::string soon(std::future<std::string>& answer) {
        return answer.wait_for(seconds(20)) == std::future_status::ready ? answer.get()
                                                                         : "nothing in time";
    }
    static bool is_pending(const std::future<std::string>& answer) {
        return answer.wait_for(seconds(0)) == std::future_status::timeout;
    }

    FakeClock clock_;
};

TEST_F(PoolTest, GivesAFreeAddressEvenWhenTheDeadlineHasPassed) {
    const auto pool = make("10.0.0.0/24");
    EXPECT_EQ(lease(*pool, "a"), "10.0.0.1");
    EXPECT_EQ(lease(*pool, "b"), "10.0.0.2");
    EXPECT_EQ(lease(*pool, "a"), "10.0.0.1");
}

TEST_F(PoolTest, RefusesAtOnceNamingTheNumbersWhenNothingCoolsDownInTime) {
    const auto pool = make("172.20.1.0/30");
    (void)lease(*pool, "a");
    (void)lease(*pool, "b");
    const auto before = Clock::now();
    const auto [status, text] = refusal(*pool, "c", kCoolDown + seconds(5));
    EXPECT_EQ(status, Status::Retry);
    EXPECT_EQ(text, "pod CIDR 172.20.1.0/30 is exhausted: 2 in use, 0 cooling");
    pool->release("a");
    EXPECT_EQ(refusal(*pool, "c", kCoolDown - seconds(5)).second,
              "pod CIDR 172.20.1.0/30 is exhausted: 1 in use, 1 cooling");
    EXPECT_LT(Clock::now() - before, seconds(20));
    EXPECT_EQ(pool->picture().waiting.size(), 0U);
}

TEST_F(PoolTest, HandsACooledAddressToTheOneThatWaits) {
    const auto pool = make("10.0.0.4/32");
    (void)lease(*pool, "a");
    pool->release("a");
    auto answer = waiting_lease(*pool, "b");
    clock_.advance(kCoolDown - milliseconds(1));
    pool->tick();
    EXPECT_TRUE(is_pending(answer));
    clock_.advance(milliseconds(1));
    pool->tick();
    EXPECT_EQ(soon(answer), "10.0.0.4");
    EXPECT_EQ(pool->picture().waiting.size(), 0U);
}

TEST_F(PoolTest, TheOneThatWaitsLooksAtTheClockItself) {
    const auto pool = make("10.0.0.4/32");
    (void)lease(*pool, "a");
    pool->release("a");
    auto answer = waiting_lease(*pool, "b");
    clock_.advance(kCoolDown);
    EXPECT_EQ(soon(answer), "10.0.0.4");
}

TEST_F(PoolTest, WakesByItselfWhenTheCoolingEnds) {
    CidrPool pool({Prefix::parse("10.0.0.4/32").value()}, milliseconds(50), {}, wall_now);
    (void)lease(pool, "a");
    const auto until = pool.cool_until({});
    pool.release("a");
    EXPECT_EQ(lease(pool, "b", std::chrono::minutes(1)), "10.0.0.4");
    EXPECT_GE(wall_now(), until);
}

TEST_F(PoolTest, ServesThoseThatWaitInTheOrderTheyCame) {
    const auto pool = make("10.0.0.0/29");
    for (int i = 1; i <= 6; ++i) {
        (void)lease(*pool, "old" + std::to_string(i));
    }
    for (int i = 1; i <= 6; ++i) {
        pool->release("old" + std::to_string(i));
        clock_.advance(milliseconds(10));
    }
    std::vector<std::future<std::string>> answers;
    for (int i = 1; i <= 6; ++i) {
        answers.push_back(waiting_lease(*pool, "new" + std::to_string(i)));
    }
    clock_.advance(kCoolDown - milliseconds(60));
    for (std::size_t i = 0; i < answers.size(); ++i) {
        pool->tick();
        EXPECT_EQ(soon(answers[i]), "10.0.0." + std::to_string(i + 1));
        EXPECT_EQ(pool->picture().waiting.size(), answers.size() - i - 1);
        clock_.advance(milliseconds(10));
    }
}

TEST_F(PoolTest, ANewcomerDoesNotOvertakeThoseThatWait) {
    const auto pool = make("10.0.0.4/32");
    (void)lease(*pool, "a");
    pool->release("a");
    auto answer = waiting_lease(*pool, "b");
    clock_.advance(kCoolDown);
    EXPECT_EQ(refusal(*pool, "newcomer").second,
              "pod CIDR 10.0.0.4/32 is exhausted: 1 in use, 0 cooling");
    EXPECT_EQ(soon(answer), "10.0.0.4");
}

TEST_F(PoolTest, RefusesANewcomerWhenTheCoolingAddressesGoToThoseThatWait) {
    const auto pool = make("10.0.0.4/32");
    (void)lease(*pool, "a");
    pool->release("a");
    auto answer = waiting_lease(*pool, "b");
    EXPECT_EQ(refusal(*pool, "c", kCoolDown + seconds(5)).second,
              "pod CIDR 10.0.0.4/32 is exhausted: 0 in use, 1 cooling, 1 waiting");
    clock_.advance(kCoolDown);
    EXPECT_EQ(soon(answer), "10.0.0.4");
}

TEST_F(PoolTest, AnAddressGivenBackUnusedGoesToTheOneThatWaits) {
    const auto pool = make("10.0.0.0/30");
    (void)lease(*pool, "a");
    (void)lease(*pool, "b");
    pool->release("a");
    auto answer = waiting_lease(*pool, "c");
    pool->give_back("b");
    EXPECT_EQ(soon(answer), "10.0.0.2");
}

TEST_F(PoolTest, WaitsForAHeldAddressAndGetsItWhenTheHolderLetsGo) {
    const auto pool = make("10.0.0.4/32");
    (void)lease(*pool, "a");
    pool->hold({ip("10.0.0.4")});
    pool->release("a");
    clock_.advance(kCoolDown);
    auto answer = waiting_lease(*pool, "b");
    pool->tick();
    EXPECT_TRUE(is_pending(answer));
    pool->unhold({ip("10.0.0.4")});
    EXPECT_EQ(soon(answer), "10.0.0.4");
}

TEST_F(PoolTest, GivesUpAtTheDeadline) {
    const auto pool = make("10.0.0.4/32");
    (void)lease(*pool, "a");
    pool->hold({ip("10.0.0.4")});
    pool->release("a");
    clock_.advance(kCoolDown);
    const auto [status, text] = refusal(*pool, "b", milliseconds(20));
    EXPECT_EQ(status, Status::Retry);
    EXPECT_EQ(text, "b: no address became free in time; pod CIDR 10.0.0.4/32: 0 in use, 1 cooling");
    pool->unhold({ip("10.0.0.4")});
    EXPECT_EQ(pool->picture().cidrs.at(0).free, 1U);
}

TEST_F(PoolTest, WhenTheOldestIsStoppedItLeavesNothingBehindAndTheNextKeepsTheTime) {
    const auto pool = make("10.0.0.4/31");
    (void)lease(*pool, "a");
    (void)lease(*pool, "b");
    pool->release("a");
    pool->release("b");
    std::stop_source stop;
    auto oldest = std::async(std::launch::async, [&]() -> std::string {
        try {
            (void)pool->lease({"oldest", {}}, stop.get_token(), after(std::chrono::minutes(1)));
            return "served";
        } catch (const Error& error) {
            return error.what();
        }
    });
    await_waiting(*pool, 1);
    auto next = waiting_lease(*pool, "next");
    stop.request_stop();
    EXPECT_THAT(soon(oldest), HasSubstr("oldest: the daemon stops"));
    clock_.advance(kCoolDown);
    EXPECT_EQ(soon(next), "10.0.0.4");
    EXPECT_EQ(pool->picture().waiting.size(), 0U);
    EXPECT_EQ(pool->picture().cidrs.at(0).used, 1U);
}

TEST_F(PoolTest, OneThatWaitsForAParticularAddressDoesNotHoldUpOthers) {
    const auto pool = make("10.0.0.0/30");
    (void)lease(*pool, "a");
    pool->release("a");
    auto particular = waiting_lease(*pool, "b", {ip("10.0.0.1")});
    EXPECT_EQ(lease(*pool, "c"), "10.0.0.2");
    EXPECT_TRUE(is_pending(particular));
    clock_.advance(kCoolDown);
    EXPECT_EQ(soon(particular), "10.0.0.1");
}

TEST_F(PoolTest, RefusesAParticularAddressThatWillNotBeFreeInTime) {
    const auto pool = make("10.0.0.0/24");
    (void)lease(*pool, "a");
    EXPECT_EQ(refusal(*pool, "b", seconds(5), {ip("10.0.0.1")}),
              std::pair(Status::Retry, std::string("wanted address 10.0.0.1 is in use by a")));
    pool->release("a");
    EXPECT_THAT(refusal(*pool, "b", seconds(5), {ip("10.0.0.1")}).second,
                HasSubstr("10.0.0.1 was in use until recently"));
    EXPECT_EQ(refusal(*pool, "b", seconds(5), {ip("10.9.9.9")}).first, Status::Invalid);
}

TEST_F(PoolTest, AFormerOwnerWaitsForItsAddressOnlyUntilNothingHoldsIt) {
    const auto pool = make("10.0.0.0/24");
    (void)lease(*pool, "a");
    pool->hold({ip("10.0.0.1")});
    pool->release("a");
    auto again = waiting_lease(*pool, "a", {ip("10.0.0.1")});
    EXPECT_TRUE(is_pending(again));
    pool->unhold({ip("10.0.0.1")});
    EXPECT_EQ(again.get(), "10.0.0.1");
}

TEST_F(PoolTest, TellsUntilWhenAnAddressReleasedNowCools) {
    const auto pool = make("10.0.0.4/32");
    EXPECT_EQ(pool->cool_until({}), clock_.reader()() + kCoolDown);
    EXPECT_EQ(pool->cool_until("shop/db-0"), clock_.reader()() + kStickyFor);
    (void)lease(*pool, "a");
    pool->release("a");
    clock_.advance(kCoolDown - milliseconds(1));
    EXPECT_EQ(pool->picture().cidrs.at(0).cooling, 1U);
    clock_.advance(milliseconds(1));
    EXPECT_EQ(pool->picture().cidrs.at(0).cooling, 0U);
}

TEST_F(PoolTest, AStickyPodThatWaitsGetsItsAddressFromTheHolderPastOthers) {
    const auto pool = make("10.0.0.4/31");
    (void)pool->lease({"a", "shop/db-0"}, {}, after({}));
    pool->hold({ip("10.0.0.4")});
    pool->release("a");
    (void)lease(*pool, "b");
    pool->release("b");
    auto other = waiting_lease(*pool, "c");
    auto sticky = std::async(std::launch::async, [&] {
        return pool->lease({"d", "shop/db-0"}, {}, after(std::chrono::minutes(10)))
            .addresses.at(0)
            .text();
    });
    await_waiting(*pool, 2);
    pool->unhold({ip("10.0.0.4")});
    EXPECT_EQ(soon(sticky), "10.0.0.4");
    EXPECT_TRUE(is_pending(other));
    clock_.advance(kCoolDown);
    EXPECT_EQ(soon(other), "10.0.0.5");
}

TEST_F(PoolTest, TroubleNamesTheCidrThatHasNoFreeAddress) {
    const auto pool = make("172.20.1.0/30");
    EXPECT_EQ(pool->trouble(), "");
    (void)lease(*pool, "a");
    (void)lease(*pool, "b");
    EXPECT_EQ(pool->trouble(), "pod CIDR 172.20.1.0/30 is exhausted: 2 in use, 0 cooling");
    pool->give_back("a");
    EXPECT_EQ(pool->trouble(), "");
}

TEST_F(PoolTest, TakesOverWhatTheStoreRemembers) {
    const auto pool = make("10.0.0.0/30");
    pool->claim({"a", {}}, {ip("10.0.0.1")}, {});
    pool->restore_cooling({ip("10.0.0.2"), pool->cool_until({}), {}});
    EXPECT_EQ(refusal(*pool, "b").second, "pod CIDR 10.0.0.0/30 is exhausted: 1 in use, 1 cooling");
}

// Two hundred requests fight for 14 addresses, each taking one, checking that it is alone with it,
// and letting it go.
TEST_F(PoolTest, NeverGivesOneAddressToTwoUnderContention) {
    constexpr int kThreads = 20;
    constexpr int kRounds = 10;
    CidrPool pool({Prefix::parse("10.0.0.0/28").value()}, milliseconds(1), {}, wall_now);
    std::array<std::atomic<int>, 16> users{};
    std::atomic<int> shared{0};
    std::atomic<int> served{0};
    {
        std::vector<std::jthread> requests;
        requests.reserve(kThreads);
        for (int thread = 0; thread < kThreads; ++thread) {
            requests.emplace_back([&, thread] {
                const auto deadline = after(seconds(50));
                for (int round = 0; round < kRounds; ++round) {
                    const auto owner = std::to_string(thread) + "." + std::to_string(round);
                    while (Clock::now() < deadline) {
                        try {
                            const auto address =
                                pool.lease({owner, {}}, {}, deadline).addresses.at(0);
                            auto& here = users.at(address.bytes()[3] & 0xfU);
                            shared += here.fetch_add(1) == 0 ? 0 : 1;
                            ++served;
                            std::this_thread::yield();
                            here.fetch_sub(1);
                            pool.release(owner);
                            break;
                        } catch (const Error& error) {
                            ASSERT_EQ(error.status(), Status::Retry) << error.what();
                            std::this_thread::yield();
                        }
                    }
                }
            });
        }
    }
    EXPECT_EQ(served, kThreads * kRounds);
    EXPECT_EQ(shared, 0);
    const auto counts = pool.picture();
    EXPECT_EQ(counts.cidrs.at(0).used, 0U);
    EXPECT_EQ(counts.waiting.size(), 0U);
}

}  // namespace
}  // namespace terway::pool
