#include "routes/decision.hpp"

#include <gmock/gmock.h>

namespace terway::routes {
namespace {

using cloud::RouteEntry;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Prefix net(std::string_view text) {
    return Prefix::parse(text).value();
}

const Prefix kCidr = net("172.20.1.0/24");
const Prefix kCidr6 = net("fd00:20:1::/64");

RouteEntry entry(const Prefix& destination, const std::string& next_hop,
                 const std::string& description = "", const std::string& status = "Available") {
    return {.table = "vtb-1",
            .id = "rte-" + next_hop,
            .destination = destination,
            .status = status,
            .type = "Custom",
            .next_hop_type = "Instance",
            .next_hop = next_hop,
            .description = description};
}

Decision decide_for(const std::vector<Prefix>& cidrs, const std::vector<RouteEntry>& entries) {
    return decide("i-me", cidrs, entries);
}

CidrDecision one(const std::vector<RouteEntry>& entries) {
    return decide_for({kCidr}, entries).cidrs.at(0);
}

TEST(RouteDecision, MarksEntriesWithTheInstance) {
    EXPECT_EQ(mark_of("i-me"), "terway i-me");
}

TEST(RouteDecision, CreatesWhatIsMissing) {
    EXPECT_EQ(one({}), (CidrDecision{kCidr, Action::Create, ""}));
}

TEST(RouteDecision, LeavesAnEntryThatLeadsHereAlone) {
    EXPECT_EQ(one({entry(kCidr, "i-me", "terway i-me")}).action, Action::Nothing);
}

TEST(RouteDecision, AcceptsAnEntryThatSomebodyElseMadeForThisNode) {
    const auto decision = decide_for({kCidr}, {entry(kCidr, "i-me", "made by hand")});
    EXPECT_EQ(decision.cidrs.at(0).action, Action::Nothing);
    EXPECT_THAT(decision.removals, IsEmpty());
}

TEST(RouteDecision, WaitsForATransition) {
    EXPECT_EQ(one({entry(kCidr, "i-me", "terway i-me", "Pending")}).action, Action::Wait);
    EXPECT_EQ(one({entry(kCidr, "i-me", "terway i-me", "Modifying")}).action, Action::Wait);
}

TEST(RouteDecision, ReportsAnEntryOfSomebodyElse) {
    const auto decision = decide_for({kCidr}, {entry(kCidr, "i-other", "terway i-other")});
    EXPECT_EQ(decision.cidrs.at(0).action, Action::Conflict);
    EXPECT_THAT(decision.cidrs.at(0).remark, HasSubstr("rte-i-other"));
    EXPECT_THAT(decision.cidrs.at(0).remark, HasSubstr("vtb-1"));
    EXPECT_THAT(decision.cidrs.at(0).remark, HasSubstr("i-other (Instance)"));
    EXPECT_THAT(decision.removals, IsEmpty());
}

TEST(RouteDecision, TakesANextHopOfAnotherTypeForSomebodyElse) {
    auto gateway = entry(kCidr, "i-me");
    gateway.next_hop_type = "NatGateway";
    EXPECT_EQ(one({gateway}).action, Action::Conflict);
}

TEST(RouteDecision, ReportsASecondNextHopBesideOurs) {
    EXPECT_EQ(one({entry(kCidr, "i-me", "terway i-me"), entry(kCidr, "i-other")}).action,
              Action::Conflict);
}

TEST(RouteDecision, ReportsARangeOfTheVpcItself) {
    auto local = entry(kCidr, "");
    local.type = "System";
    local.description = "terway i-me";
    const auto decision = decide_for({kCidr}, {local});
    EXPECT_EQ(decision.cidrs.at(0).action, Action::Conflict);
    EXPECT_THAT(decision.cidrs.at(0).remark, HasSubstr("outside every vSwitch"));
    EXPECT_THAT(decision.removals, IsEmpty());
}

TEST(RouteDecision, ReplacesOursThatLeadsElsewhere) {
    const auto ours = entry(kCidr, "i-other", "terway i-me");
    const auto decision = decide_for({kCidr}, {ours});
    EXPECT_EQ(decision.cidrs.at(0).action, Action::Replace);
    EXPECT_THAT(decision.removals, ElementsAre(Removal{ours, true}));
}

TEST(RouteDecision, ReplacesOursOnlyOnceItIsSettled) {
    const auto ours = entry(kCidr, "i-other", "terway i-me", "Modifying");
    const auto decision = decide_for({kCidr}, {ours});
    EXPECT_EQ(decision.cidrs.at(0).action, Action::Wait);
    EXPECT_THAT(decision.removals, ElementsAre(Removal{ours, false}));
}

TEST(RouteDecision, RemovesOursOfAFormerPodCidr) {
    const auto former = entry(net("172.20.9.0/24"), "i-me", "terway i-me");
    const auto decision = decide_for({kCidr}, {former});
    EXPECT_THAT(decision.removals, ElementsAre(Removal{former, true}));
    EXPECT_EQ(decision.cidrs.at(0).action, Action::Create);
}

TEST(RouteDecision, KeepsAnUnmarkedEntryThatLeadsHere) {
    const auto decision =
        decide_for({kCidr}, {entry(net("0.0.0.0/0"), "i-me", "this node is the NAT instance")});
    EXPECT_THAT(decision.removals, IsEmpty());
}

TEST(RouteDecision, KeepsTheEntriesOfOtherNodes) {
    const auto decision =
        decide_for({kCidr}, {entry(net("172.20.2.0/24"), "i-other", "terway i-other"),
                             entry(net("172.20.3.0/24"), "i-me2", "terway i-me2")});
    EXPECT_THAT(decision.removals, IsEmpty());
}

TEST(RouteDecision, RemovesEverythingOfOursFromANodeWithoutPodCidrs) {
    const auto ours = entry(kCidr, "i-me", "terway i-me");
    const auto decision = decide_for({}, {ours, entry(kCidr6, "i-me")});
    EXPECT_THAT(decision.cidrs, IsEmpty());
    EXPECT_THAT(decision.removals, ElementsAre(Removal{ours, true}));
}

TEST(RouteDecision, TellsOfALongerPrefixThatBypassesTheNode) {
    const auto longer = entry(net("172.20.1.128/25"), "i-other");
    EXPECT_EQ(one({longer}).action, Action::Create);
    const auto beside = one({longer, entry(kCidr, "i-me", "terway i-me")});
    EXPECT_EQ(beside.action, Action::Nothing);
    EXPECT_EQ(beside.remark, "172.20.1.128/25 within it leads to i-other (Instance)");
}

TEST(RouteDecision, IsNotDisturbedByAShorterPrefix) {
    EXPECT_EQ(one({entry(net("172.20.0.0/16"), "i-other")}), (CidrDecision{kCidr, Action::Create}));
}

TEST(RouteDecision, DecidesEachFamilyAlone) {
    const auto decision = decide_for({kCidr, kCidr6}, {entry(kCidr6, "i-other")});
    EXPECT_EQ(decision.cidrs.at(0).action, Action::Create);
    EXPECT_EQ(decision.cidrs.at(1).action, Action::Conflict);
}

}  // namespace
}  // namespace terway::routes
