#include "routes/keeper.hpp"

#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <thread>

#include "fake_api.hpp"
#include "terway/error.hpp"

namespace terway::routes {
namespace {

using cloud::Reaction;
using cloud::RouteEntry;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Prefix net(std::string_view text) {
    return Prefix::parse(text).value();
}

const Prefix kCidr = net("172.20.1.0/24");
const Prefix kCidr6 = net("fd00:20:1::/64");

class RouteKeeper : public testing::Test {
protected:
    [[nodiscard]] std::unique_ptr<Keeper> keeper() {
        return std::make_unique<Keeper>(
            api, settings, metrics,
            Chances{[] { return 0.5; }, [this] { return "token-" + std::to_string(++tokens); }});
    }
    milliseconds round(Keeper& keeper) { return keeper.round({}); }
    static std::string text(const Keeper& keeper, std::size_t index = 0) {
        return keeper.state().routes.at(index).text;
    }
    [[nodiscard]] double gauge(const std::string& name) { return metrics.gauge(name, "").value(); }
    void fail(const std::string& action, Reaction reaction, const std::string& code,
              bool carried_out = false) {
        api.faults[action].push_back({reaction, code, carried_out});
    }
    static RouteEntry entry(const Prefix& destination, const std::string& next_hop,
                            const std::string& description) {
        return {.table = "vtb-system",
                .id = "rte-x" + destination.text(),
                .destination = destination,
                .status = "Available",
                .type = "Custom",
                .next_hop_type = "Instance",
                .next_hop = next_hop,
                .description = description};
    }

    FakeApi api;
    Metrics metrics;
    Settings settings{.instance = "i-me", .pod_cidrs = {kCidr}, .vpc = "vpc-1"};
    int tokens = 0;
};

TEST_F(RouteKeeper, MakesWhatIsMissingAndSeesItInPlace) {
    settings.pod_cidrs = {kCidr, kCidr6};
    const auto subject = keeper();
    EXPECT_EQ(text(*subject), "not known yet");
    EXPECT_EQ(round(*subject), settings.first_pause);
    EXPECT_EQ(text(*subject), "being made");
    ASSERT_THAT(api.entries, SizeIs(2));
    EXPECT_EQ(api.entries[0].destination, kCidr);
    EXPECT_EQ(api.entries[1].destination, kCidr6);
    EXPECT_EQ(api.entries[0].description, "terway i-me");
    EXPECT_EQ(round(*subject), settings.every);
    EXPECT_EQ(text(*subject, 0), "in place");
    EXPECT_EQ(text(*subject, 1), "in place");
    EXPECT_EQ(subject->state().table, "vtb-system");
    EXPECT_EQ(gauge("terway_routes_in_place"), 2);
    EXPECT_EQ(api.count("CreateRouteEntry"), 2);
}

TEST_F(RouteKeeper, WaitsWhileAnEntryIsPending) {
    api.new_status = "Pending";
    const auto subject = keeper();
    (void)round(*subject);
    EXPECT_EQ(round(*subject), 2 * settings.first_pause);
    EXPECT_EQ(text(*subject), "being made");
    api.entries[0].status = "Available";
    EXPECT_EQ(round(*subject), settings.every);
    EXPECT_EQ(api.count("CreateRouteEntry"), 1);
}

TEST_F(RouteKeeper, PutsBackAnEntryThatSomebodyRemoved) {
    const auto subject = keeper();
    (void)round(*subject);
    (void)round(*subject);
    api.entries.clear();
    (void)round(*subject);
    EXPECT_THAT(api.entries, SizeIs(1));
    EXPECT_THAT(api.tokens, ElementsAre("token-1", "token-2"));
}

TEST_F(RouteKeeper, LeavesAConflictUntouchedAndLooksAgainLater) {
    api.entries = {entry(kCidr, "i-other", "")};
    const auto before = api.entries;
    const auto subject = keeper();
    EXPECT_EQ(round(*subject), settings.every);
    EXPECT_THAT(text(*subject), HasSubstr("conflict: "));
    EXPECT_EQ(api.entries, before);
    EXPECT_EQ(api.count("CreateRouteEntry") + api.count("DeleteRouteEntry"), 0);
    EXPECT_EQ(gauge("terway_route_conflicts"), 1);
    api.entries.clear();
    (void)round(*subject);
    (void)round(*subject);
    EXPECT_EQ(text(*subject), "in place");
    EXPECT_EQ(gauge("terway_route_conflicts"), 0);
}

TEST_F(RouteKeeper, MakesNoSecondEntryWhenTheAnswerIsLost) {
    fail("CreateRouteEntry", Reaction::Unknown, "", true);
    const auto subject = keeper();
    EXPECT_EQ(round(*subject), settings.first_pause);
    EXPECT_THAT(text(*subject), HasSubstr("not made: "));
    EXPECT_EQ(round(*subject), settings.every);
    EXPECT_EQ(text(*subject), "in place");
    EXPECT_EQ(subject->state().trouble, "");
    EXPECT_THAT(api.entries, SizeIs(1));
    EXPECT_EQ(api.count("CreateRouteEntry"), 1);
}

TEST_F(RouteKeeper, RepeatsWithTheSameTokenWhenTheAnswerIsLostAndReadsAreStale) {
    fail("CreateRouteEntry", Reaction::Unknown, "", true);
    fail("CreateRouteEntry", Reaction::Throttled, "Throttling.User");
    api.go_blind();
    const auto subject = keeper();
    for (int i = 0; i < 3; ++i) {
        (void)round(*subject);
    }
    EXPECT_THAT(api.tokens, ElementsAre("token-1", "token-1", "token-1"));
    EXPECT_THAT(api.entries, SizeIs(1));
    api.see();
    (void)round(*subject);
    EXPECT_EQ(text(*subject), "in place");
}

TEST_F(RouteKeeper, DoesNotRepeatAnAcceptedCreationThatIsNotSeenYet) {
    api.go_blind();
    const auto subject = keeper();
    for (int i = 0; i < 4; ++i) {
        (void)round(*subject);
        EXPECT_EQ(text(*subject), "being made");
    }
    EXPECT_EQ(api.count("CreateRouteEntry"), 1);
}

TEST_F(RouteKeeper, TakesAnAcceptedCreationThatIsNeverSeenForLost) {
    const auto subject = keeper();
    (void)round(*subject);
    api.entries.clear();
    for (int i = 0; i < 5; ++i) {
        (void)round(*subject);
    }
    EXPECT_THAT(api.tokens, ElementsAre("token-1", "token-2"));
    EXPECT_THAT(api.entries, SizeIs(1));
}

TEST_F(RouteKeeper, NeverUsesASpoiledTokenAgain) {
    fail("CreateRouteEntry", Reaction::SpoiledToken, "IdempotentParameterMismatch");
    const auto subject = keeper();
    (void)round(*subject);
    (void)round(*subject);
    EXPECT_THAT(api.tokens, ElementsAre("token-1", "token-2"));
    EXPECT_THAT(api.entries, SizeIs(1));
}

TEST_F(RouteKeeper, FindsItsEntryAgainAfterARestart) {
    {
        const auto first = keeper();
        fail("CreateRouteEntry", Reaction::Unknown, "", true);
        (void)round(*first);
    }
    const auto second = keeper();
    EXPECT_EQ(round(*second), settings.every);
    EXPECT_EQ(text(*second), "in place");
    EXPECT_EQ(api.count("CreateRouteEntry"), 1);
}

TEST_F(RouteKeeper, SurvivesARestartWhileReadsAreStale) {
    api.go_blind();
    (void)round(*keeper());
    const auto second = keeper();
    (void)round(*second);
    EXPECT_THAT(text(*second), HasSubstr("RouterEntryConflict.Duplicated"));
    api.see();
    (void)round(*second);
    EXPECT_EQ(text(*second), "in place");
    EXPECT_THAT(api.entries, SizeIs(1));
}

TEST_F(RouteKeeper, BacksOffFromAFullTableAndSaysWhy) {
    for (int i = 0; i < 8; ++i) {
        fail("CreateRouteEntry", Reaction::AccountLimit, "QuotaExceeded");
    }
    const auto subject = keeper();
    auto expected = settings.first_pause;
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(round(*subject), expected);
        expected = std::min(2 * expected, settings.last_pause);
    }
    EXPECT_THAT(text(*subject), HasSubstr("not made: CreateRouteEntry: QuotaExceeded"));
    EXPECT_THAT(subject->state().trouble, HasSubstr("QuotaExceeded"));
    EXPECT_EQ(gauge("terway_routes_in_place"), 0);
    EXPECT_EQ(round(*subject), settings.first_pause);
    EXPECT_EQ(round(*subject), settings.every);
    EXPECT_EQ(subject->state().trouble, "");
}

TEST_F(RouteKeeper, DoesNotLetOneFamilyWaitForTheOther) {
    settings.pod_cidrs = {kCidr, kCidr6};
    fail("CreateRouteEntry", Reaction::Permanent, "InvalidCIDRBlock.Duplicate");
    const auto subject = keeper();
    (void)round(*subject);
    EXPECT_THAT(text(*subject, 0), HasSubstr("not made: "));
    EXPECT_EQ(text(*subject, 1), "being made");
}

TEST_F(RouteKeeper, RemovesTheEntryOfAFormerPodCidr) {
    const auto other = entry(net("172.20.7.0/24"), "i-other", "terway i-other");
    const auto unmarked = entry(net("10.9.0.0/16"), "i-me", "by hand");
    api.entries = {entry(net("172.20.9.0/24"), "i-me", "terway i-me"), other, unmarked};
    const auto subject = keeper();
    (void)round(*subject);
    EXPECT_EQ(subject->state().stale, 1);
    (void)round(*subject);
    EXPECT_EQ(subject->state().stale, 0);
    ASSERT_THAT(api.entries, SizeIs(3));
    EXPECT_EQ(api.entries[0], other);
    EXPECT_EQ(api.entries[1], unmarked);
    EXPECT_EQ(api.entries[2].destination, kCidr);
}

TEST_F(RouteKeeper, TakesAnEntryThatIsGoneForRemoved) {
    api.entries = {entry(net("172.20.9.0/24"), "i-me", "terway i-me"),
                   entry(kCidr, "i-me", "terway i-me")};
    const auto subject = keeper();
    api.on_call = [this](const std::string& action) {
        if (action == "DeleteRouteEntry") {
            std::erase_if(api.entries, [](const auto& each) { return each.destination != kCidr; });
        }
    };
    (void)round(*subject);
    EXPECT_EQ(subject->state().trouble, "");
    EXPECT_EQ(round(*subject), settings.every);
}

TEST_F(RouteKeeper, TriesARemovalAgainAfterAConflictOfTasks) {
    api.entries = {entry(net("172.20.9.0/24"), "i-me", "terway i-me")};
    fail("DeleteRouteEntry", Reaction::Conflict, "TaskConflict");
    const auto subject = keeper();
    (void)round(*subject);
    EXPECT_THAT(subject->state().trouble, HasSubstr("TaskConflict"));
    EXPECT_EQ(text(*subject), "being made");
    (void)round(*subject);
    EXPECT_EQ(round(*subject), settings.every);
    EXPECT_THAT(api.entries, SizeIs(1));
}

TEST_F(RouteKeeper, ReplacesItsEntryThatSomebodyLedElsewhere) {
    api.entries = {entry(kCidr, "i-other", "terway i-me")};
    const auto subject = keeper();
    (void)round(*subject);
    EXPECT_THAT(text(*subject), HasSubstr("being replaced: our entry leads to i-other"));
    (void)round(*subject);
    (void)round(*subject);
    EXPECT_EQ(text(*subject), "in place");
    ASSERT_THAT(api.entries, SizeIs(1));
    EXPECT_EQ(api.entries[0].next_hop, "i-me");
}

TEST_F(RouteKeeper, KeepsWhatItKnewWhileTheCloudIsAway) {
    const auto subject = keeper();
    (void)round(*subject);
    (void)round(*subject);
    fail("DescribeOneEntry", Reaction::Unknown, "ServiceUnavailable");
    EXPECT_EQ(round(*subject), settings.first_pause);
    EXPECT_EQ(text(*subject), "in place");
    EXPECT_THAT(subject->state().trouble, HasSubstr("ServiceUnavailable"));
    EXPECT_EQ(round(*subject), settings.every);
    EXPECT_EQ(subject->state().trouble, "");
}

TEST_F(RouteKeeper, ReadsTheWholeTableOnlyOnceInAWhile) {
    api.entries = {entry(kCidr, "i-me", "terway i-me")};
    const auto subject = keeper();
    for (int i = 0; i < 12; ++i) {
        (void)round(*subject);
    }
    EXPECT_EQ(api.count("DescribeAllEntries"), 1);
    EXPECT_EQ(api.count("DescribeOneEntry"), 11);
    (void)round(*subject);
    EXPECT_EQ(api.count("DescribeAllEntries"), 2);
}

TEST_F(RouteKeeper, RemembersABypassBetweenFullReads) {
    api.entries = {entry(kCidr, "i-me", "terway i-me"),
                   entry(net("172.20.1.128/25"), "i-other", "")};
    const auto subject = keeper();
    (void)round(*subject);
    (void)round(*subject);
    EXPECT_THAT(text(*subject), HasSubstr("in place, but 172.20.1.128/25 within it"));
}

TEST_F(RouteKeeper, PrefersTheTableOfTheProfile) {
    settings.table = "vtb-mine";
    settings.vswitch = "vsw-1";
    api.table_of_vswitch["vsw-1"] = "vtb-custom";
    (void)round(*keeper());
    EXPECT_EQ(api.entries.at(0).table, "vtb-mine");
    EXPECT_EQ(api.count("DescribeVSwitches") + api.count("DescribeRouteTableList"), 0);
}

TEST_F(RouteKeeper, TakesTheTableOfTheVSwitch) {
    settings.vswitch = "vsw-1";
    api.table_of_vswitch["vsw-1"] = "vtb-custom";
    api.tables = {"vtb-system", "vtb-custom"};
    (void)round(*keeper());
    EXPECT_EQ(api.entries.at(0).table, "vtb-custom");
}

TEST_F(RouteKeeper, NamesTheTablesBetweenWhichItCannotChoose) {
    api.tables = {"vtb-system", "vtb-custom"};
    const auto subject = keeper();
    EXPECT_EQ(round(*subject), settings.first_pause);
    EXPECT_THAT(subject->state().trouble,
                HasSubstr("several route tables (vtb-system, vtb-custom)"));
    EXPECT_THAT(subject->state().trouble, HasSubstr("set route_table in [cloud]"));
    EXPECT_EQ(text(*subject), "not known yet");
    EXPECT_THAT(api.entries, IsEmpty());
}

TEST_F(RouteKeeper, SaysWhenTheVpcHasNoTable) {
    api.tables.clear();
    const auto subject = keeper();
    (void)round(*subject);
    EXPECT_THAT(subject->state().trouble, HasSubstr("vpc-1 has no route table that we may see"));
}

TEST_F(RouteKeeper, NeedsAnInstance) {
    settings.instance.clear();
    EXPECT_THROW((void)keeper(), Error);
}

TEST_F(RouteKeeper, StopsInTheMiddleOfARound) {
    settings.pod_cidrs = {kCidr, kCidr6};
    std::stop_source stop;
    api.on_call = [&](const std::string& action) {
        if (action == "CreateRouteEntry") {
            stop.request_stop();
        }
    };
    const auto subject = keeper();
    const auto before = subject->state();
    EXPECT_EQ(subject->round(stop.get_token()), milliseconds::zero());
    EXPECT_EQ(api.count("CreateRouteEntry"), 1);
    EXPECT_EQ(subject->state(), before);
}

TEST_F(RouteKeeper, RunsUntilItIsStoppedAndLooksAtOnceWhenPoked) {
    std::promise<void> looked;
    std::promise<void> looked_again;
    std::size_t reads = 0;
    api.entries = {entry(kCidr, "i-me", "terway i-me")};
    api.on_call = [&](const std::string& action) {
        if (action == "DescribeAllEntries") {
            looked.set_value();
        } else if (action == "DescribeOneEntry" && ++reads == 1) {
            looked_again.set_value();
        }
    };
    const auto subject = keeper();
    std::jthread thread([&](const std::stop_token& stop) { subject->run(stop); });
    looked.get_future().wait();
    subject->poke();
    looked_again.get_future().wait();
    thread.request_stop();
    thread.join();
    EXPECT_EQ(text(*subject), "in place");
}

TEST(RouteChances, AreTokensTheCloudAccepts) {
    const auto chances = system_chances();
    const auto token = chances.new_token();
    EXPECT_NE(token, chances.new_token());
    EXPECT_LE(token.size(), 64U);
    EXPECT_GE(chances.jitter(), 0);
    EXPECT_LT(chances.jitter(), 1);
}

}  // namespace
}  // namespace terway::routes
