#include "cloud/credentials.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <semaphore>
#include <thread>

#include "world.hpp"

namespace terway::cloud {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// Numbered sets that live an hour, or what the test says instead.
class CredentialsTest : public testing::Test {
protected:
    [[nodiscard]] CredentialProvider make() {
        return CredentialProvider(
            [this](const Patience&) {
                const auto number = ++asked_;
                if (failing_) {
                    throw Error(Status::Retry, "source away");
                }
                return Credentials{"id" + std::to_string(number), "s", "t",
                                   world_.now() + life_.load()};
            },
            world_.effects());
    }
    static std::string id(CredentialProvider& provider) {
        return provider.get(a_while()).access_key_id;
    }

    World world_;
    std::atomic<int> asked_ = 0;
    std::atomic<bool> failing_ = false;
    std::atomic<std::chrono::milliseconds> life_{1h};
};

TEST_F(CredentialsTest, AreAskedForOnceAndRenewedTenMinutesBeforeTheyExpire) {
    auto provider = make();
    EXPECT_EQ(id(provider), "id1");
    world_.advance(50min - 1ms);
    EXPECT_EQ(id(provider), "id1");
    world_.advance(1ms);
    EXPECT_EQ(id(provider), "id2");
    EXPECT_EQ(id(provider), "id2");
}

TEST_F(CredentialsTest, AreRenewedAtAFifthOfAShortLife) {
    life_ = 10min;
    auto provider = make();
    EXPECT_EQ(id(provider), "id1");
    world_.advance(8min - 1ms);
    EXPECT_EQ(id(provider), "id1");
    world_.advance(1ms);
    EXPECT_EQ(id(provider), "id2");
}

TEST_F(CredentialsTest, StayInUseWhileTheyAreValidIfTheSourceFails) {
    auto provider = make();
    EXPECT_EQ(id(provider), "id1");
    failing_ = true;
    world_.advance(55min);
    EXPECT_EQ(id(provider), "id1");
    EXPECT_EQ(id(provider), "id1");
    EXPECT_EQ(asked_, 2) << "a failing source is not asked by each call";
    world_.advance(30s);
    EXPECT_EQ(id(provider), "id1");
    EXPECT_EQ(asked_, 3);
    world_.advance(5min);
    EXPECT_THROW(static_cast<void>(id(provider)), Error);
}

TEST_F(CredentialsTest, AreAskedForAnewOnceTheyAreRefused) {
    auto provider = make();
    const auto first = provider.get(a_while());
    provider.refuse(first);
    EXPECT_EQ(id(provider), "id2");
    provider.refuse(first);
    EXPECT_EQ(id(provider), "id2") << "somebody had renewed them already";
}

TEST_F(CredentialsTest, ThatNeverExpireAreReadAgainEachMinute) {
    int reads = 0;
    CredentialProvider provider(
        [&](const Patience&) {
            return Credentials{"id" + std::to_string(++reads), "s", "", std::nullopt};
        },
        world_.effects());
    EXPECT_EQ(id(provider), "id1");
    world_.advance(59s);
    EXPECT_EQ(id(provider), "id1");
    world_.advance(1s);
    EXPECT_EQ(id(provider), "id2");
}

TEST_F(CredentialsTest, ThatAreExpiredWhenTheyArriveAreNotUsed) {
    life_ = 0ms;
    auto provider = make();
    try {
        static_cast<void>(provider.get(a_while()));
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("already expired"));
        EXPECT_EQ(error.status(), Status::Retry);
    }
}

TEST_F(CredentialsTest, AreFetchedByOneThreadForAll) {
    std::counting_semaphore<> may_answer(0);
    std::atomic<int> asked = 0;
    CredentialProvider provider(
        [&](const Patience&) {
            ++asked;
            may_answer.acquire();
            return Credentials{"id", "s", "t", world_.now() + 1h};
        },
        world_.effects());
    std::vector<std::future<std::string>> threads;
    for (int i = 0; i < 8; ++i) {
        threads.push_back(std::async(std::launch::async, [&] { return id(provider); }));
    }
    may_answer.release();
    for (auto& thread : threads) {
        EXPECT_EQ(thread.get(), "id");
    }
    EXPECT_EQ(asked, 1);
}

TEST_F(CredentialsTest, OfTheOldSetServeWhileOneThreadRenews) {
    std::counting_semaphore<> asks(0);
    std::counting_semaphore<> may_answer(1);
    std::atomic<int> asked = 0;
    CredentialProvider provider(
        [&](const Patience&) {
            const auto number = ++asked;
            asks.release();
            may_answer.acquire();
            return Credentials{"id" + std::to_string(number), "s", "t", world_.now() + 1h};
        },
        world_.effects());
    EXPECT_EQ(id(provider), "id1");
    asks.acquire();
    world_.advance(55min);
    auto renewing = std::async(std::launch::async, [&] { return id(provider); });
    asks.acquire();
    EXPECT_EQ(id(provider), "id1");
    may_answer.release();
    EXPECT_EQ(renewing.get(), "id2");
}

TEST_F(CredentialsTest, AreNotAwaitedBeyondPatience) {
    std::counting_semaphore<> asks(0);
    std::counting_semaphore<> may_answer(0);
    CredentialProvider provider(
        [&](const Patience&) {
            asks.release();
            may_answer.acquire();
            return Credentials{"id", "s", "t", world_.now() + 1h};
        },
        world_.effects());
    auto fetching = std::async(std::launch::async, [&] { return id(provider); });
    asks.acquire();
    std::stop_source stop;
    stop.request_stop();
    EXPECT_THROW(static_cast<void>(provider.get({stop.get_token(), Deadline::max()})), Error);
    EXPECT_THROW(static_cast<void>(provider.get({{}, Clock::now()})), Error);
    may_answer.release();
    EXPECT_EQ(fetching.get(), "id");
}

TEST(Secrets, AreBlottedOutPlainAndEncoded) {
    const Credentials credentials{"id", "se+cret", "to/ken", std::nullopt};
    EXPECT_EQ(without_secrets("id se+cret se%2Bcret se%252Bcret to/ken to%252Fken", credentials),
              "id *** *** *** *** ***");
    EXPECT_EQ(without_secrets("nothing to hide", {}), "nothing to hide");
}

}  // namespace
}  // namespace terway::cloud
