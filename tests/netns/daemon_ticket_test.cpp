// No daemon: what the CNI binary answers by itself, and how a DEL waits for the next daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "kernel.hpp"
#include "node.hpp"

namespace terway::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

class DaemonTicket : public testing::Test {
protected:
    // An endpoint "c" whose DEL came while the daemon was away.
    void leave_ticket() {
        {
            const auto daemon = node_.start();
            ASSERT_TRUE(node_.add("c", *pod_).ok());
            EXPECT_EQ(daemon->stop(), 0) << daemon->log();
        }
        const auto removed = node_.del("c", *pod_);
        EXPECT_TRUE(removed.ok()) << removed.out;
        ASSERT_EQ(node_.tickets().size(), 1U);
    }
    void expect_empty() {
        EXPECT_EQ(settled(node_), "");
        EXPECT_THAT(node_.ctl_json("endpoints").as_array(), IsEmpty());
        EXPECT_THAT(node_.tickets(), IsEmpty());
    }

    Node node_;
    std::unique_ptr<Sandbox> pod_ = node_.sandbox("a");
};

TEST_F(DaemonTicket, WithoutADaemonAddAsksToTryAgainAndStatusSaysUnavailable) {
    const auto added = node_.add("c", *pod_);
    EXPECT_EQ(added.code(), 11) << added.out;
    EXPECT_THAT(added.message(), HasSubstr("see whether terwayd runs"));
    EXPECT_EQ(node_.status().code(), 50);
    EXPECT_EQ(node_.cni({.verb = "CHECK",
                         .container = "c",
                         .netns = pod_->path(),
                         .more = {{"prevResult", {{"cniVersion", "1.1.0"}}}}})
                  .code(),
              11);
    EXPECT_THAT(node_.tickets(), IsEmpty());
}

TEST_F(DaemonTicket, ADelWithoutADaemonSucceedsAndIsWorkedOffBeforeTheNextOneServes) {
    leave_ticket();
    const auto daemon = node_.start();
    const auto log = daemon->log();
    EXPECT_THAT(log, HasSubstr("tickets=1"));
    EXPECT_LT(log.find("took over"), log.find("serving"));
    expect_empty();
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonTicket, RepeatedDelsLeaveOneTicket) {
    leave_ticket();
    EXPECT_TRUE(node_.del("c", *pod_).ok());
    EXPECT_TRUE(node_.del("c").ok());
    EXPECT_EQ(node_.tickets().size(), 1U);
    const auto daemon = node_.start();
    expect_empty();
}

TEST_F(DaemonTicket, ATicketOfAKilledDaemonsEndpointIsWorkedOffToo) {
    {
        const auto daemon = node_.start();
        ASSERT_TRUE(node_.add("c", *pod_).ok());
        daemon->kill();
    }
    EXPECT_TRUE(node_.del("c", *pod_).ok());
    pod_.reset();
    const auto daemon = node_.start();
    EXPECT_TRUE(daemon->logged("tickets=1")) << daemon->log();
    expect_empty();
}

TEST_F(DaemonTicket, AStaleTicketDoesNotHitALaterAddOfTheSameContainer) {
    leave_ticket();
    const auto ticket = node_.tickets().front();
    const auto kept = node_.files() / "kept";
    fs::copy(ticket, kept);
    const auto daemon = node_.start();
    expect_empty();
    // A client of long ago, held up between its ticket and its second knock.
    fs::copy(kept, ticket);
    const auto added = node_.add("c", *pod_);
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_THAT(node_.tickets(), IsEmpty());
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    const auto next = node_.start();
    EXPECT_TRUE(next->logged("kept=1")) << next->log();
    EXPECT_EQ(node_.ctl({"check"}).exit, 0);
}

TEST_F(DaemonTicket, ATicketOfAnotherNetworkDoesNotHitThisOnesEndpoint) {
    leave_ticket();
    {
        const auto daemon = node_.start();
        expect_empty();
        EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    }
    EXPECT_TRUE(
        node_.cni({.verb = "DEL", .container = "c", .netns = pod_->path(), .network = "former"})
            .ok());
    ASSERT_EQ(node_.tickets().size(), 1U);
    fs::rename(node_.queue(), node_.files() / "aside");
    auto daemon = node_.start();
    ASSERT_TRUE(node_.add("c", *pod_).ok());
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    fs::remove_all(node_.queue());
    fs::rename(node_.files() / "aside", node_.queue());
    daemon = node_.start();
    EXPECT_THAT(node_.tickets(), IsEmpty());
    EXPECT_EQ(node_.ctl_json("endpoints").as_array().size(), 1U) << daemon->log();
    EXPECT_EQ(node_.ctl({"check"}).exit, 0);
}

TEST_F(DaemonTicket, ATicketNobodyCanReadIsSetAside) {
    leave_ticket();
    fs::copy(node_.profile(), node_.queue() + "/net@x@eth0.ticket");
    const auto daemon = node_.start();
    expect_empty();
    EXPECT_TRUE(fs::exists(node_.queue() + "/net@x@eth0.ticket.bad"));
}

TEST_F(DaemonTicket, ADelThatCanNotLeaveATicketFails) {
    CniCall call{.verb = "DEL", .container = "c", .netns = pod_->path()};
    call.more["queue"] = "/proc/self/status/queue";
    const auto removed = node_.cni(call);
    EXPECT_EQ(removed.code(), 11) << removed.out;
    EXPECT_THAT(removed.message(), HasSubstr("/proc/self/status/queue"));
}

}  // namespace
}  // namespace terway::test
