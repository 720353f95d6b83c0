#include "pool/eni_worker.hpp"

#include <gmock/gmock.h>

#include "fakes/fake_node.hpp"

namespace terway::pool {
namespace {

using cloud::Reaction;
using fakes::FakeNode;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::SizeIs;

EniSettings settings() {
    EniSettings out;
    out.min_idle = 2;
    out.max_idle = 2;
    out.vswitches = {"vsw-1", "vsw-2"};
    out.instance = "i-1";
    out.cluster = "c-1";
    return out;
}

class EniWorkerTest : public testing::Test {
protected:
    EniWorkerTest() {
        node_.cloud.add_vswitch("vsw-1", 1000);
        node_.cloud.add_vswitch("vsw-2", 1000);
    }
    void start() {
        node_.start();
        node_.resync();
        node_.settle();
    }
    void expect_in_step() {
        EXPECT_EQ(node_.known_addresses(), node_.cloud.addresses_in_use());
        for (const auto& eni : node_.cloud.enis()) {
            EXPECT_EQ(eni.status, cloud::EniStatus::InUse) << eni.id;
        }
        EXPECT_TRUE(node_.journal.pending().empty());
        EXPECT_FALSE(node_.cloud.quota_was_exceeded());
    }

    FakeNode node_{settings()};
};

TEST_F(EniWorkerTest, MakesAttachesAndPreparesAnEniWithTwoCalls) {
    start();
    EXPECT_EQ(node_.cloud.changing_calls(), 2U);
    expect_in_step();
    node_.add("a");
    EXPECT_EQ(node_.records["a"].eni->id, "eni-1");
    EXPECT_EQ(node_.records["a"].eni->subnets.at(0).text(), "10.0.0.0/8");
    EXPECT_EQ(node_.records["a"].eni->gateways.at(0).text(), "10.255.255.253");
    EXPECT_EQ(node_.cloud.changing_calls(), 2U);
    const auto tags = node_.cloud.enis().at(0).tags;
    EXPECT_EQ(tags.at("creator"), "terway");
    EXPECT_EQ(tags.at("terway.instance"), "i-1");
    EXPECT_EQ(tags.at("terway.cluster"), "c-1");
}

TEST_F(EniWorkerTest, ServesAgainAfterARestartWithTheCloudAway) {
    start();
    node_.add("a");
    node_.cloud.inject({"describe enis", Reaction::Unknown, false, 100});
    node_.start();
    node_.add("b");
    EXPECT_NE(node_.records["a"].addresses, node_.records["b"].addresses);
    EXPECT_EQ(node_.pool->lease({"a", {}}, {}, Deadline::min()).addresses,
              node_.records["a"].addresses);
}

TEST_F(EniWorkerTest, ALostAnswerOfACreateMakesNoSecondEni) {
    node_.cloud.inject({"create", Reaction::Unknown, true, 1});
    start();
    EXPECT_THAT(node_.cloud.enis(), SizeIs(1));
    node_.advance(seconds(1));
    node_.settle();
    EXPECT_THAT(node_.cloud.enis(), SizeIs(1));
    expect_in_step();
}

TEST_F(EniWorkerTest, ALostAnswerOfAnAttachIsNoFailure) {
    node_.cloud.inject({"attach", Reaction::Unknown, true, 1});
    start();
    expect_in_step();
    EXPECT_EQ(node_.cloud.calls().at("attach"), 1U);
}

TEST_F(EniWorkerTest, AnAttachThatIsRefusedForTheMomentIsRepeated) {
    node_.cloud.inject({"attach", Reaction::WrongState, false, 1});
    start();
    expect_in_step();
    EXPECT_EQ(node_.cloud.calls().at("attach"), 2U);
}

TEST_F(EniWorkerTest, ALostAnswerOfAnAssignLosesNoAddress) {
    start();
    node_.cloud.inject({"assign", Reaction::Unknown, true, 1});
    node_.add("a");
    node_.settle();
    node_.advance(seconds(1));
    node_.settle();
    expect_in_step();
    EXPECT_EQ(node_.pool->picture().idle, 2U);
}

TEST_F(EniWorkerTest, ALostAnswerOfAnUnassignIsClearedUpByReading) {
    start();
    for (const auto* pod : {"a", "b", "c"}) {
        node_.add(pod);
        node_.settle();
    }
    for (const auto* pod : {"a", "b"}) {
        node_.remove(pod);
    }
    node_.advance(seconds(31));
    node_.settle();
    node_.cloud.inject({"unassign", Reaction::Unknown, true, 1});
    node_.advance(minutes(11));
    node_.settle();
    node_.advance(minutes(11));
    node_.settle();
    ASSERT_EQ(node_.cloud.calls().at("unassign"), 1U);
    node_.resync();
    expect_in_step();
}

TEST_F(EniWorkerTest, TriesTheNextVSwitchWhenOneIsFull) {
    node_.cloud.inject({"create", Reaction::VSwitchFull, false, 1});
    start();
    EXPECT_EQ(node_.cloud.enis().at(0).vswitch, "vsw-2");
    expect_in_step();
}

TEST_F(EniWorkerTest, AnEniThatCannotBeAttachedIsDeleted) {
    node_.cloud.inject({"attach", Reaction::EniLimit, false, 1});
    start();
    EXPECT_THAT(node_.cloud.enis(), SizeIs(0));
    EXPECT_TRUE(node_.journal.pending().empty());
    EXPECT_THAT(node_.pool->trouble(), HasSubstr("attach"));
    node_.advance(minutes(1));
    node_.settle();
    expect_in_step();
}

TEST_F(EniWorkerTest, AForbiddenCreateIsToldAndNotHammered) {
    node_.cloud.inject({"create", Reaction::Forbidden, false, 100});
    start();
    for (int i = 0; i < 60; ++i) {
        node_.advance(seconds(10));
        node_.settle();
    }
    EXPECT_LE(node_.cloud.calls().at("create"), 6U);
    EXPECT_THAT(node_.pool->trouble(), HasSubstr("injected failure"));
}

TEST_F(EniWorkerTest, AdoptsAnEniItFindsAndSparesACreate) {
    start();
    FakeNode other(settings());
    auto found = node_.cloud.enis().at(0);
    other.cloud.add_vswitch("vsw-1", 1000);
    other.cloud.add_foreign_eni(found);
    other.start();
    other.resync();
    other.settle();
    EXPECT_EQ(other.cloud.changing_calls(), 0U);
    EXPECT_EQ(other.known_addresses(), other.cloud.addresses_in_use());
    EXPECT_EQ(other.observer.times("adopted eni"), 1U);
}

TEST_F(EniWorkerTest, ALeakedEniOfOursIsDeletedButNotAtFirstSight) {
    start();
    auto leak = node_.cloud.enis().at(0);
    leak.id = "eni-leak";
    leak.instance.clear();
    leak.status = cloud::EniStatus::Available;
    auto foreign = leak;
    foreign.id = "eni-foreign";
    foreign.tags["terway.instance"] = "i-2";
    node_.cloud.add_foreign_eni(leak);
    node_.cloud.add_foreign_eni(foreign);
    node_.resync();
    node_.resync();
    EXPECT_THAT(node_.cloud.enis(), SizeIs(3));
    node_.advance(minutes(10));
    node_.resync();
    EXPECT_THAT(node_.cloud.enis(), SizeIs(2));
    EXPECT_EQ(node_.observer.times("leaked eni"), 1U);
}

TEST_F(EniWorkerTest, NoticesAnEniThatSomebodyDetached) {
    start();
    node_.add("a");
    node_.cloud.lose_eni("eni-1");
    node_.resync();
    node_.resync();
    EXPECT_EQ(node_.observer.times("lost eni"), 1U);
    EXPECT_EQ(node_.observer.times("lost address in use"), 1U);
    node_.settle();
    node_.add("b");
    EXPECT_EQ(node_.records["b"].eni->id, "eni-2");
    node_.remove("a");
    node_.settle();
    expect_in_step();
}

TEST_F(EniWorkerTest, ANewEniThatReadsDoNotShowYetIsWaitedFor) {
    node_.start();
    node_.resync();
    node_.cloud.freeze_reads(true);
    node_.nics.while_waiting = [this] { node_.cloud.freeze_reads(false); };
    node_.settle();
    EXPECT_EQ(node_.cloud.changing_calls(), 2U);
    EXPECT_EQ(node_.cloud.enis().size(), 1U);
    expect_in_step();
}

TEST_F(EniWorkerTest, ANewEniThatReadsNeverShowIsGivenUp) {
    node_.start();
    node_.resync();
    node_.cloud.freeze_reads(true);
    node_.nics.while_waiting = [this] { node_.advance(std::chrono::seconds(31)); };
    for (const auto& order : node_.pool->await_orders({}, Deadline::min())) {
        node_.worker->carry_out(order, {{}, after(std::chrono::seconds(20)), {}});
    }
    EXPECT_TRUE(node_.cloud.enis().empty()) << "it is deleted, not leaked";
    EXPECT_TRUE(node_.journal.pending().empty());
}

TEST_F(EniWorkerTest, StaleReadsAfterARestartLoseNothing) {
    start();
    node_.add("a");
    node_.cloud.freeze_reads(true);
    node_.settle();
    node_.resync();
    node_.start();
    node_.resync();
    node_.cloud.freeze_reads(false);
    node_.resync();
    node_.settle();
    expect_in_step();
    EXPECT_EQ(node_.pool->picture().used, 1U);
}

// A life with every kind of order in it.
void live(FakeNode& node) {
    node.resync();
    node.settle();
    for (int i = 0; i < 9; ++i) {
        node.add("pod-" + std::to_string(i));
        node.settle();
    }
    for (int i = 0; i < 8; ++i) {
        node.remove("pod-" + std::to_string(i));
    }
    node.advance(seconds(31));
    node.settle();
    for (int i = 0; i < 2; ++i) {
        node.advance(minutes(11));
        node.settle();
    }
}

TEST(EniWorkerKill, NothingIsLostOrDoubledWhereverTheDaemonIsKilled) {
    unsigned steps = 0;
    for (bool finished = false; !finished; ++steps) {
        FakeNode node(settings());
        node.cloud.add_vswitch("vsw-1", 1000);
        node.cloud.add_vswitch("vsw-2", 1000);
        node.start();
        node.fuse.set(steps + 1);
        try {
            live(node);
            finished = true;
        } catch (const fakes::Killed&) {
        }
        node.fuse.set(std::nullopt);
        node.start();
        for (int i = 0; i < 4; ++i) {
            node.resync();
            node.settle();
            node.advance(minutes(6));
        }
        ASSERT_EQ(node.known_addresses(), node.cloud.addresses_in_use()) << "killed at " << steps;
        for (const auto& eni : node.cloud.enis()) {
            ASSERT_EQ(eni.instance, "i-1") << eni.id << ", killed at step " << steps;
        }
        ASSERT_TRUE(node.journal.pending().empty()) << "killed at step " << steps;
        ASSERT_FALSE(node.cloud.quota_was_exceeded()) << "killed at step " << steps;
        for (const auto& [owner, lease] : node.records) {
            ASSERT_EQ(node.pool->lease({owner, {}}, {}, Deadline::min()).addresses, lease.addresses)
                << "killed at step " << steps;
        }
    }
    EXPECT_GT(steps, 60U);
}

}  // namespace
}  // namespace terway::pool
