// The daemon dies or fails between every two steps of a verb; the next one picks up the pieces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <fstream>
#include <set>
#include <vector>

#include "kernel.hpp"
#include "node.hpp"

namespace terway::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t kUsable = 14;  // of a /28: all but the first and the last

Settings every_step() {
    Settings settings;
    settings.pod_cidrs = {"172.20.1.0/28", "fd00:20:1::/64"};
    settings.chain = "qos = \"trial\"\npolicy = \"trial\"";
    settings.modules = "[policy]\nstartup = \"allow\"\n";
    return settings;
}

class DaemonCrash : public testing::Test {
protected:
    struct Steps {
        std::vector<std::string> add;
        std::vector<std::string> del;
    };

    // The checkpoints an ADD and a DEL pass, in order.
    Steps discover() {
        const auto file = node_.files() / "checkpoints";
        const auto daemon = node_.start({{"TERWAY_CHECKPOINT_LOG", file}});
        EXPECT_TRUE(node_.add("c", *pod_).ok());
        EXPECT_TRUE(node_.del("c", *pod_).ok());
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
        Steps steps;
        std::ifstream names(file);
        for (std::string name; std::getline(names, name);) {
            if (name.starts_with("policy.")) {
                continue;  // of another thread, which passes it at the start as well
            }
            (name.starts_with("del.") ? steps.del : steps.add).push_back(name);
        }
        EXPECT_THAT(steps.add, Contains("add.recorded"));
        EXPECT_THAT(steps.add, Contains("add.ready"));
        EXPECT_THAT(steps.del, Contains("del.dataplane_detached"));
        EXPECT_GE(steps.add.size(), 6U);
        EXPECT_GE(steps.del.size(), 4U);
        return steps;
    }

    void expect_untouched() {
        EXPECT_EQ(settled(node_), "");
        EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
        EXPECT_THAT(node_.tickets(), IsEmpty());
        EXPECT_EQ(changes(pod_before_, snapshot(pod_->fd())), "");
    }

    // Nothing was lost on the way: the pool still gives every address once.
    void expect_every_address_obtainable() {
        std::vector<std::unique_ptr<Sandbox>> pods;
        std::set<IpAddress> given;
        for (std::size_t i = 0; i < kUsable; ++i) {
            pods.push_back(node_.sandbox("full" + std::to_string(i)));
            const auto added = node_.add("full" + std::to_string(i), *pods.back());
            ASSERT_TRUE(added.ok()) << added.out;
            EXPECT_TRUE(given.insert(added.v4()).second) << added.v4().text() << " given twice";
        }
        const auto beyond = node_.sandbox("beyond");
        EXPECT_EQ(node_.add("beyond", *beyond).code(), 11);
        EXPECT_EQ(settled(node_), "");
    }

    Node node_{every_step()};
    std::unique_ptr<Sandbox> pod_ = node_.sandbox("a");
    const std::string pod_before_ = snapshot(pod_->fd());
};

TEST_F(DaemonCrash, AnAddKilledAtAnyStepIsTakenBackAndCanBeRepeated) {
    for (const auto& step : discover().add) {
        SCOPED_TRACE(step);
        {
            const auto daemon = node_.start({{"TERWAY_CHECKPOINT", "kill:" + step}});
            const auto added = node_.add("c", *pod_);
            EXPECT_EQ(added.code(), 11) << added.out;
            ASSERT_EQ(daemon->wait(), by_signal(SIGKILL));
        }
        const auto daemon = node_.start();
        EXPECT_EQ(settled(node_), "");
        auto again = node_.add("c", *pod_);
        if (step == "add.ready") {
            // Done but for the answer: it exists, and the runtime's way out is a DEL.
            EXPECT_EQ(again.code(), 7) << again.out;
            EXPECT_TRUE(node_.del("c", *pod_).ok());
            again = node_.add("c", *pod_);
        }
        ASSERT_TRUE(again.ok()) << again.out;
        EXPECT_EQ(settled(node_), "");
        EXPECT_EQ(node_.ctl({"check"}).exit, 0);
        EXPECT_TRUE(node_.del("c", *pod_).ok());
        expect_untouched();
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    }
    const auto daemon = node_.start();
    expect_every_address_obtainable();
}

TEST_F(DaemonCrash, ADelKilledAtAnyStepIsFinishedByTheNextDaemon) {
    for (const auto& step : discover().del) {
        SCOPED_TRACE(step);
        {
            const auto daemon = node_.start({{"TERWAY_CHECKPOINT", "kill:" + step}});
            ASSERT_TRUE(node_.add("c", *pod_).ok());
            EXPECT_TRUE(node_.del("c", *pod_).ok()) << "a DEL without a daemon leaves a ticket";
            ASSERT_EQ(daemon->wait(), by_signal(SIGKILL));
            EXPECT_EQ(node_.tickets().size(), 1U);
        }
        const auto daemon = node_.start();
        expect_untouched();
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    }
    const auto daemon = node_.start();
    expect_every_address_obtainable();
}

TEST_F(DaemonCrash, ARecoveryKilledAtAnyStepIsFinishedByTheOneAfter) {
    const auto steps = discover();
    for (const auto& step : steps.del) {
        SCOPED_TRACE(step);
        {
            const auto daemon = node_.start({{"TERWAY_CHECKPOINT", "kill:add.activated"}});
            EXPECT_EQ(node_.add("c", *pod_).code(), 11);
            ASSERT_EQ(daemon->wait(), by_signal(SIGKILL));
        }
        {
            const auto daemon = node_.launch({{"TERWAY_CHECKPOINT", "kill:" + step}});
            EXPECT_FALSE(daemon->serves());
            ASSERT_EQ(daemon->wait(), by_signal(SIGKILL));
        }
        const auto daemon = node_.start();
        expect_untouched();
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    }
    const auto daemon = node_.start();
    expect_every_address_obtainable();
}

TEST_F(DaemonCrash, AnAddThatFailsAtAnyStepIsUndoneAndToldAndCanBeRepeated) {
    for (const auto& step : discover().add) {
        SCOPED_TRACE(step);
        const auto daemon = node_.start({{"TERWAY_CHECKPOINT", "fail:" + step + ":1"}});
        const auto added = node_.add("c", *pod_);
        EXPECT_EQ(added.code(), 11) << added.out;
        EXPECT_THAT(added.message(), HasSubstr("checkpoint " + step));
        expect_untouched();
        EXPECT_TRUE(node_.add("c", *pod_).ok());
        EXPECT_EQ(settled(node_), "");
        EXPECT_TRUE(node_.del("c", *pod_).ok());
        expect_untouched();
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    }
    const auto daemon = node_.start();
    expect_every_address_obtainable();
}

TEST_F(DaemonCrash, ADelThatFailsAtAnyStepSucceedsAndIsFinishedLater) {
    for (const auto& step : discover().del) {
        SCOPED_TRACE(step);
        const auto daemon = node_.start({{"TERWAY_CHECKPOINT", "fail:" + step + ":1"}});
        ASSERT_TRUE(node_.add("c", *pod_).ok());
        EXPECT_TRUE(node_.del("c", *pod_).ok());
        expect_untouched();
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    }
    const auto daemon = node_.start();
    expect_every_address_obtainable();
}

TEST_F(DaemonCrash, AReplacementKilledOrFailedAtAnyStepLosesNothing) {
    // What a second ADD of a broken endpoint passes: it takes the old one down, but keeps its
    // address, then attaches anew.
    std::vector<std::pair<std::string, std::string>> steps;
    const auto found = discover();
    for (const auto& step : found.del) {
        if (step.ends_with("_detached")) {
            steps.emplace_back(step, ":1");
        }
    }
    for (const auto& step : found.add) {
        steps.emplace_back(step, ":2");
    }
    for (const auto& [step, pass] : steps) {
        for (const auto* effect : {"kill:", "fail:"}) {
            const auto order = effect + step + pass;
            SCOPED_TRACE(order);
            auto daemon = node_.start({{"TERWAY_CHECKPOINT", order}});
            const auto added = node_.add("c", *pod_);
            ASSERT_TRUE(added.ok()) << added.out;
            node_.shell("ip link del " + added.host_link());
            EXPECT_EQ(node_.add("c", *pod_).code(), 11);
            if (order.starts_with("kill:")) {
                ASSERT_EQ(daemon->wait(), by_signal(SIGKILL));
                daemon = node_.start();
            }
            EXPECT_EQ(settled(node_), "");
            EXPECT_TRUE(node_.del("c", *pod_).ok());
            expect_untouched();
            EXPECT_EQ(daemon->stop(), 0) << daemon->log();
        }
    }
    const auto daemon = node_.start();
    expect_every_address_obtainable();
}

TEST_F(DaemonCrash, AReplacementThatFailsKeepsItsAddressUntilItIsRemoved) {
    node_.settings().pod_cidrs = {"172.20.1.0/30"};
    const auto daemon = node_.start({{"TERWAY_CHECKPOINT", "fail:add.leased:3"}});
    const auto added = node_.add("c", *pod_);
    const auto second = node_.sandbox("second");
    const auto third = node_.sandbox("third");
    ASSERT_TRUE(added.ok() && node_.add("second", *second).ok());
    node_.shell("ip link del " + added.host_link());
    EXPECT_EQ(node_.add("c", *pod_).code(), 11);
    // Refused, unless the sweeper was faster.
    const auto other = node_.add("third", *third);
    EXPECT_THAT(disagreement(node_), Not(HasSubstr("two owners"))) << other.out;
    EXPECT_EQ(settled(node_), "");
}

TEST_F(DaemonCrash, AnUndoThatFailsTooIsLeftToTheSweeper) {
    // The attach succeeds, activation fails, and so does the first attempt to take it back.
    node_.settings().chain = "qos = \"trial\"";
    const auto daemon = node_.start();
    const auto added = node_.add("fail-attach-fail-detach", *pod_);
    EXPECT_EQ(added.code(), 101) << added.out;
    EXPECT_THAT(added.message(), HasSubstr("asked to fail"));
    EXPECT_TRUE(daemon->logged("undo failed, left to the sweeper")) << daemon->log();
    const auto records = node_.ctl_json("endpoints");
    ASSERT_EQ(records.as_array().size(), 1U) << "its address stays taken as long as it is there";
    EXPECT_EQ(records.at(0).at("state"), "deleting");
}

}  // namespace
}  // namespace terway::test
