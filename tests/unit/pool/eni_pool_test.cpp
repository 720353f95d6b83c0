#include "pool/eni_pool.hpp"

#include <gmock/gmock.h>

#include <future>
#include <random>
#include <thread>

#include "fakes/fake_node.hpp"
#include "pool/refill.hpp"
#include "terway/error.hpp"

namespace terway::pool {
namespace {

using cloud::Reaction;
using fakes::FakeNode;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

EniSettings settings() {
    EniSettings out;
    out.min_idle = 1;
    out.max_idle = 1;
    out.vswitches = {"vsw-1"};
    out.instance = "i-1";
    out.cool_down = seconds(30);
    return out;
}

class EniPoolTest : public testing::Test {
protected:
    EniPoolTest() {
        node_.cloud.add_vswitch("vsw-1", 100'000);
        node_.start();
    }
    void ready() {
        node_.resync();
        node_.settle();
    }
    void fill(unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            node_.add("pod-" + std::to_string(i));
            node_.settle();
        }
    }
    std::string lease(const Owner& owner, Clock::duration patience, const Addresses& wanted = {}) {
        try {
            return node_.pool->lease({owner, {}}, {}, after(patience), wanted)
                .addresses.at(0)
                .text();
        } catch (const Error& error) {
            return error.what();
        }
    }
    std::future<std::string> waiting_lease(const Owner& owner) {
        const auto before = node_.pool->picture().waiting.size();
        auto answer = std::async(std::launch::async,
                                 [this, owner] { return lease(owner, std::chrono::minutes(5)); });
        const auto deadline = after(seconds(20));
        while (node_.pool->picture().waiting.size() != before + 1 && Clock::now() < deadline) {
            std::this_thread::yield();
        }
        return answer;
    }

    FakeNode node_{settings(), {"ecs.small", 2, 3, 3, 2, false}};
};

TEST_F(EniPoolTest, AWaitingRequestGetsTheFirstAddressOfTheNewEni) {
    auto answer = waiting_lease("a");
    EXPECT_THAT(node_.pool->picture().waiting, ElementsAre("a"));
    ready();
    EXPECT_EQ(answer.get(), "10.0.0.10");
}

TEST_F(EniPoolTest, CooledAddressesGoToThoseThatWaitInTheOrderTheyCame) {
    ready();
    fill(3);
    node_.pool->release("pod-1");
    auto first = waiting_lease("first");
    node_.advance(seconds(1));
    node_.pool->release("pod-0");
    auto second = waiting_lease("second");
    node_.advance(seconds(29));
    node_.pool->tick();
    EXPECT_EQ(first.get(), node_.records["pod-1"].addresses[0].text());
    EXPECT_THAT(node_.pool->picture().waiting, ElementsAre("second"));
    node_.advance(seconds(1));
    node_.pool->tick();
    EXPECT_EQ(second.get(), node_.records["pod-0"].addresses[0].text());
}

TEST_F(EniPoolTest, AnAddressGivenBackUnusedGoesToTheOneThatWaits) {
    ready();
    fill(3);
    node_.pool->release("pod-0");
    auto answer = waiting_lease("next");
    node_.pool->give_back("pod-1");
    EXPECT_EQ(answer.get(), node_.records["pod-1"].addresses[0].text());
}

TEST_F(EniPoolTest, AFullNodeRefusesAtOnceNamingTheQuota) {
    ready();
    fill(3);
    EXPECT_THAT(lease("one too many", seconds(20)),
                HasSubstr("instance type ecs.small allows: 1 of 1 ENIs"));
    EXPECT_THAT(node_.pool->trouble(), HasSubstr("3 in use, 0 cooling"));
    node_.pool->release("pod-0");
    node_.advance(seconds(30));
    EXPECT_NE(lease("now", {}), "");
}

TEST_F(EniPoolTest, AWaiterIsRefusedAsSoonAsTheLastHopeIsGone) {
    auto answer = waiting_lease("a");
    node_.cloud.inject({"create", Reaction::VSwitchFull, false, 1});
    ready();
    EXPECT_THAT(answer.get(), HasSubstr("vswitch vsw-1 has no free address"));
    EXPECT_THAT(node_.pool->trouble(), HasSubstr("vswitch vsw-1 has no free address"));
}

TEST_F(EniPoolTest, RefusesAWantedAddressThatSomebodyHas) {
    ready();
    fill(1);
    EXPECT_EQ(lease("b", seconds(5), node_.records["pod-0"].addresses),
              "wanted address 10.0.0.10 is in use by pod-0");
    EXPECT_EQ(lease("b", seconds(5), {IpAddress::parse("10.9.9.9").value()}),
              "wanted address 10.9.9.9 is on none of the node's ENIs");
}

TEST_F(EniPoolTest, IsReadyOnceWarmAndOtherwiseSaysWhyNot) {
    EXPECT_THAT(node_.pool->wait_ready({}, Deadline::min()), HasSubstr("not known yet"));
    ready();
    EXPECT_EQ(node_.pool->wait_ready({}, Deadline::min()), "");
}

TEST_F(EniPoolTest, AStoppedRequestLeavesNothingBehind) {
    std::stop_source stop;
    auto answer = std::async(std::launch::async, [&]() -> std::string {
        try {
            (void)node_.pool->lease({"a", {}}, stop.get_token(), after(std::chrono::minutes(5)));
            return "served";
        } catch (const Error& error) {
            return error.what();
        }
    });
    stop.request_stop();
    EXPECT_THAT(answer.get(), HasSubstr("a: the daemon stops"));
    EXPECT_TRUE(node_.pool->picture().waiting.empty());
}

// Threads add and remove pods, also the same pod at the same time, while the refill works.
TEST(EniPoolThreads, NoAddressHasTwoOwnersWhateverRaces) {
    auto busy = settings();
    busy.cool_down = std::chrono::milliseconds(2);
    busy.max_idle = 5;
    FakeNode node(busy, {"ecs.big", 6, 10, 10, 6, false});
    node.cloud.add_vswitch("vsw-1", 100'000);
    node.start();
    EniPool pool(busy, node.observer, wall_now, [] { return std::uint64_t{0}; });
    std::atomic<unsigned> tokens = 0;
    EniWorker worker({node.cloud, node.cloud, node.nics, node.journal, pool, node.observer}, busy,
                     wall_now, [&] { return "t" + std::to_string(++tokens); });
    worker.begin();
    Refill refill(pool, worker, busy);
    std::jthread running([&](const std::stop_token& stop) { refill.run(stop); });
    std::atomic<unsigned> doubles = 0;
    std::atomic<unsigned> served = 0;
    {
        std::vector<std::jthread> threads;
        for (unsigned thread = 0; thread < 8; ++thread) {
            threads.emplace_back([&, thread] {
                std::mt19937 random(thread);
                for (int round = 0; round < 200; ++round) {
                    const auto owner = "pod-" + std::to_string(random() % 30);
                    if (random() % 2 == 0) {
                        pool.release(owner);
                        continue;
                    }
                    try {
                        (void)pool.lease({owner, {}}, {}, after(seconds(20)));
                        ++served;
                    } catch (const Error&) {
                        // Refused: the quota is real.
                    }
                    const auto picture = pool.picture();
                    std::map<IpAddress, unsigned> seen;
                    for (const auto& eni : picture.enis) {
                        for (const auto& address : eni.addresses) {
                            doubles += ++seen[address.address] > 1 ? 1 : 0;
                        }
                    }
                }
            });
        }
    }
    running.request_stop();
    running.join();
    EXPECT_GT(served, 100U);
    EXPECT_EQ(doubles, 0U);
    EXPECT_FALSE(node.cloud.quota_was_exceeded());
}

}  // namespace
}  // namespace terway::pool
