#include "kube/outbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <thread>

#include "terway/error.hpp"

namespace terway::kube {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// What was sent, by reason, and a way to wait for it.
class Letters {
public:
    void put(const std::string& text) {
        const MutexLock lock(mutex_);
        all_.push_back(text);
        news_.notify_all();
    }
    std::vector<std::string> await(std::size_t count) {
        const MutexLock lock(mutex_);
        (void)news_.wait(mutex_, {}, after(30s),
                         [&]() TERWAY_REQUIRES(mutex_) { return all_.size() >= count; });
        return all_;
    }

private:
    Mutex mutex_;
    Condition news_;
    std::vector<std::string> all_ TERWAY_GUARDED_BY(mutex_);
};

OutboxLimits quick() {
    OutboxLimits limits;
    limits.first_pause = 1ms;
    limits.longest_pause = 2ms;
    limits.tries = 3;
    return limits;
}

class KubeOutbox : public testing::Test {
protected:
    void start() {
        thread_ = std::jthread([this](const std::stop_token& stop) { outbox_.run(stop); });
    }
    [[nodiscard]] double dropped(const char* what) {
        return metrics_
            .counter("terway_kube_dropped_total", "What the API server was not told",
                     {{"what", what}})
            .value();
    }
    static Event event(const char* reason) { return {{"Pod", "a", "b", ""}, true, reason, "why"}; }

    Metrics metrics_;
    Letters sent_;
    std::atomic<bool> away_ = false;
    Outbox outbox_{[this](const EventBook::Letter& letter, const Patience&) {
                       if (away_) {
                           throw Error(Status::Retry, "the server is away");
                       }
                       sent_.put(letter.what.event.reason);
                   },
                   metrics_, quick()};
    std::jthread thread_;
};

TEST_F(KubeOutbox, SendsWhatWasToldBeforeAndAfterItsThreadStarted) {
    outbox_.tell(event("Before"));
    start();
    EXPECT_THAT(sent_.await(1), ElementsAre("Before"));
    outbox_.tell(event("After"));
    EXPECT_THAT(sent_.await(2), ElementsAre("Before", "After"));
}

TEST_F(KubeOutbox, WorkThatFailsIsTriedAgain) {
    start();
    std::atomic<int> tries = 0;
    outbox_.later("patch", [&](const Patience&) {
        if (++tries < 3) {
            throw Error(Status::Retry, "busy");
        }
        sent_.put("patched");
    });
    EXPECT_THAT(sent_.await(1), ElementsAre("patched"));
    EXPECT_EQ(tries, 3);
    EXPECT_EQ(dropped("work"), 0);
}

TEST_F(KubeOutbox, WorkTheServerRefusesForGoodIsGivenUp) {
    std::atomic<int> tries = 0;
    outbox_.later("refused", [&](const Patience&) {
        ++tries;
        throw Error(Status::Invalid, "no");
    });
    outbox_.later("busy", [&](const Patience&) { throw Error(Status::Retry, "busy"); });
    start();
    const auto give_up = after(30s);
    while (dropped("work") < 2 && Clock::now() < give_up) {
        std::this_thread::yield();
    }
    EXPECT_EQ(dropped("work"), 2);
    EXPECT_EQ(tries, 1);
}

TEST_F(KubeOutbox, NewerWorkOfTheSameNameReplacesTheOlder) {
    outbox_.later("patch", [&](const Patience&) { sent_.put("old"); });
    outbox_.later("patch", [&](const Patience&) { sent_.put("new"); });
    start();
    outbox_.later("last", [&](const Patience&) { sent_.put("last"); });
    EXPECT_THAT(sent_.await(2), testing::Not(testing::Contains("old")));
}

TEST_F(KubeOutbox, AnEventNobodyTakesIsCountedAndHoldsNothingUp) {
    away_ = true;
    outbox_.tell(event("Lost"));
    outbox_.later("patch", [&](const Patience&) { sent_.put("patched"); });
    start();
    EXPECT_THAT(sent_.await(1), ElementsAre("patched"));
    const auto give_up = after(30s);
    while (dropped("event") < 1 && Clock::now() < give_up) {
        std::this_thread::yield();
    }
    EXPECT_EQ(dropped("event"), 1);
    EXPECT_EQ(dropped("work"), 0);
}

TEST_F(KubeOutbox, AnEventIsToldAgainWhenTheServerIsBack) {
    std::atomic<int> tries = 0;
    Outbox outbox(
        [&](const EventBook::Letter& letter, const Patience&) {
            if (++tries < 3) {
                throw Error(Status::Retry, "the server is away");
            }
            sent_.put(letter.what.event.reason);
        },
        metrics_, quick());
    outbox.tell(event("Kept"));
    const std::jthread thread([&](const std::stop_token& stop) { outbox.run(stop); });
    EXPECT_THAT(sent_.await(1), ElementsAre("Kept"));
    EXPECT_EQ(dropped("event"), 0);
}

TEST_F(KubeOutbox, WhatFindsNoRoomIsCounted) {
    auto limits = quick();
    limits.work = 1;
    limits.events.capacity = 1;
    Outbox small([](const EventBook::Letter&, const Patience&) {}, metrics_, limits);
    for (const auto* name : {"one", "two"}) {
        small.later(name, [](const Patience&) {});
        small.tell(event(name));
    }
    EXPECT_EQ(dropped("work"), 1);
    EXPECT_EQ(dropped("event"), 1);
}

}  // namespace
}  // namespace terway::kube
