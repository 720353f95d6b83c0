// What the index makes of ClusterNetworkPolicies. Who may do what is in cluster_cases.json.
#include <gmock/gmock.h>

#include "policy_testing.hpp"

namespace terway::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Of all pods of namespace x.
std::string spec(const std::string& tier, int priority, const std::string& rules) {
    return R"({"tier": ")" + tier + R"(", "priority": )" + std::to_string(priority) +
           R"(, "subject": {"namespaces": {"matchLabels": {"name": "x"}}}, )" + rules + "}";
}
std::string from_pods(const std::string& action, const std::string& app) {
    return R"({"action": ")" + action +
           R"(", "from": [{"pods": {"podSelector": {"matchLabels": {"app": ")" + app + R"("}}}}]})";
}

class ClusterPolicy : public testing::Test {
protected:
    ClusterPolicy() {
        cluster.local(pod("x", "a", "10.0.0.1"));
        cluster.index.set_pod(pod("y", "web", "10.0.1.1", {{"app", "web"}}));
        cluster.index.set_pod(pod("y", "db", "10.0.1.2", {{"app", "db"}}));
        (void)cluster.take();
    }
    void set(const std::string& spec, const std::string& name = "c") {
        cluster.index.set_cluster_policy(cluster_policy(spec, name));
    }
    [[nodiscard]] const RuleSet& rules() const {
        return *cluster.picture.find({"x", "a"})->ingress;
    }
    [[nodiscard]] bool web() const { return cluster.ingress("a", "10.0.1.1", 80); }
    [[nodiscard]] bool db() const { return cluster.ingress("a", "10.0.1.2", 80); }

    Cluster cluster;
};

TEST_F(ClusterPolicy, MakeATierThatPassesWhatItDoesNotSay) {
    set(spec("Admin", 5, R"("ingress": [)" + from_pods("Deny", "web") + "]"));
    const auto update = cluster.take();
    ASSERT_THAT(update.endpoints, SizeIs(1));
    EXPECT_THAT(update.endpoints[0].policies, ElementsAre(ObjectName{"", "c"}));
    EXPECT_EQ(update.endpoints[0].policies[0].text(), "c");
    ASSERT_THAT(rules().tiers, SizeIs(1));
    EXPECT_EQ(rules().tiers[0].otherwise, Action::Pass);
    EXPECT_FALSE(web());
    EXPECT_TRUE(db());
    EXPECT_TRUE(cluster.egress("a", "10.0.1.1", 80)) << "of which it says nothing";
}

TEST_F(ClusterPolicy, AreNamedBeforeTheOthers) {
    set(spec("Baseline", 5, R"("ingress": [)" + from_pods("Deny", "web") + "]"), "z");
    set(spec("Admin", 5, R"("ingress": [)" + from_pods("Accept", "web") + "]"), "y");
    cluster.index.set_policy(policy("{}", "x", "a"));
    (void)cluster.take();
    EXPECT_THAT(cluster.picture.find({"x", "a"})->policies,
                ElementsAre(ObjectName{"", "y"}, ObjectName{"", "z"}, ObjectName{"x", "a"}));
}

TEST_F(ClusterPolicy, OfTheBaselineAreNotEvenTalkedOfWhereANetworkPolicyDecides) {
    set(spec("Baseline", 5, R"("ingress": [)" + from_pods("Deny", "web") + "]"));
    (void)cluster.take();
    ASSERT_THAT(rules().tiers, SizeIs(1));
    EXPECT_EQ(rules().tiers[0].otherwise, Action::Allow);
    cluster.index.set_policy(policy(R"({"ingress": [{}]})"));
    (void)cluster.take();
    ASSERT_THAT(rules().tiers, SizeIs(1));
    EXPECT_EQ(rules().tiers[0].otherwise, Action::Deny);
    EXPECT_TRUE(web());
}

TEST_F(ClusterPolicy, JoinRulesThatSayTheSameAndLeaveOutWhatNobodyReaches) {
    set(spec("Admin", 5,
             R"("ingress": [)" + from_pods("Deny", "web") + "," + from_pods("Deny", "db") + "," +
                 from_pods("Accept", "web") + "," +
                 R"({"action": "Accept", "from": [{"namespaces": {}}]},)" +
                 from_pods("Pass", "other") + "]"));
    (void)cluster.take();
    ASSERT_THAT(rules().tiers, SizeIs(1));
    ASSERT_THAT(rules().tiers[0].classes, SizeIs(3)) << "one for each protocol";
    const auto& matches = rules().tiers[0].classes[0].matches;
    ASSERT_THAT(matches, SizeIs(2)) << text_of(rules());
    EXPECT_EQ(matches[0].action, Action::Deny);
    EXPECT_THAT(matches[0].peers.sets, SizeIs(2));
    EXPECT_EQ(matches[1].action, Action::Allow);
    EXPECT_THAT(matches[1].peers.sets, SizeIs(1));
    EXPECT_EQ(rules().tiers[0].other, matches) << "they are of any protocol";
}

TEST_F(ClusterPolicy, MakeNoTierOfRulesThatChangeNothing) {
    set(spec("Admin", 5, R"("ingress": [)" + from_pods("Pass", "web") + "]"), "a");
    set(spec("Baseline", 5,
             R"("ingress": [)" + from_pods("Pass", "web") + "," + from_pods("Accept", "db") + "]"),
        "b");
    EXPECT_THAT(cluster.take().sets, IsEmpty());
    EXPECT_THAT(rules().tiers, IsEmpty());
}

TEST_F(ClusterPolicy, TellOnlyTheAddressOfAPodThatBecomesAPeer) {
    set(spec("Admin", 5, R"("ingress": [)" + from_pods("Deny", "web") + "]"));
    (void)cluster.take();
    cluster.index.set_pod(pod("y", "db", "10.0.1.2", {{"app", "web"}}));
    const auto update = cluster.take();
    EXPECT_THAT(update.endpoints, IsEmpty());
    ASSERT_THAT(update.sets, SizeIs(1));
    EXPECT_THAT(update.sets[0].added.addresses, ElementsAre(ip("10.0.1.2")));
    EXPECT_FALSE(db());
}

TEST_F(ClusterPolicy, SayNothingOfPodsThatTheyDoNotSelect) {
    cluster.local(pod("y", "b", "10.0.1.3"));
    (void)cluster.take();
    set(spec("Admin", 5, R"("ingress": [)" + from_pods("Deny", "web") + "]"));
    const auto update = cluster.take();
    ASSERT_THAT(update.endpoints, SizeIs(1));
    EXPECT_EQ(update.endpoints[0].pod.name, "a");
    set(spec("Admin", 5, R"("ingress": [)" + from_pods("Deny", "web") + "]"));
    EXPECT_TRUE(cluster.take().empty()) << "it is the same again";
    cluster.index.remove_cluster_policy("c");
    EXPECT_THAT(cluster.take().gone_sets, SizeIs(1));
    EXPECT_TRUE(web());
}

TEST_F(ClusterPolicy, SelectByTheLabelsOfANamespaceAsTheyAreNow) {
    set(spec("Admin", 5, R"("ingress": [)" + from_pods("Deny", "web") + "]"));
    (void)cluster.take();
    cluster.index.set_namespace(space("x"));
    (void)cluster.take();
    EXPECT_TRUE(web());
    cluster.index.set_namespace(space("x", {{"name", "x"}}));
    (void)cluster.take();
    EXPECT_FALSE(web());
}

TEST_F(ClusterPolicy, KeepAPodWaitingWhoseNamespaceIsNotKnown) {
    set(R"({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}},
        "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]})");
    (void)cluster.take();
    cluster.local(pod("new", "p", "10.0.2.1"));
    EXPECT_THAT(cluster.take().endpoints, IsEmpty());
    cluster.index.set_namespace(space("new"));
    ASSERT_THAT(cluster.take().endpoints, SizeIs(1));
    cluster.index.remove_namespace("new");
    EXPECT_THAT(cluster.take().endpoints, IsEmpty()) << "it keeps its rules";
    cluster.local(pod("newer", "p", "10.0.2.2"));
    EXPECT_THAT(cluster.take().endpoints, IsEmpty());
    cluster.index.remove_cluster_policy("c");
    EXPECT_THAT(cluster.take().endpoints, SizeIs(3)) << "nobody asks for namespaces any more";
}

// With rules in an order, a name stands for the numbers that pods have for it.
TEST_F(ClusterPolicy, FollowTheNumbersOfANameToItsPods) {
    const auto named = [](const std::string& name, std::uint16_t number) {
        auto made = pod("y", name, name == "web" ? "10.0.1.1" : "10.0.1.2", {{"app", name}});
        made.ports = {{kube::Word("http"), number, Protocol::Tcp}};
        return made;
    };
    cluster.index.set_pod(named("web", 80));
    set(spec("Admin", 5, R"("egress": [{"action": "Deny", "to": [{"namespaces": {}}],
        "protocols": [{"destinationNamedPort": "http"}]}])"));
    (void)cluster.take();
    EXPECT_FALSE(cluster.egress("a", "10.0.1.1", 80));
    EXPECT_TRUE(cluster.egress("a", "10.0.1.1", 81));
    EXPECT_TRUE(cluster.egress("a", "10.0.1.1", 80, Protocol::Udp));
    EXPECT_TRUE(cluster.egress("a", "10.0.1.2", 80));
    cluster.index.set_pod(named("db", 81));
    EXPECT_THAT(cluster.take().endpoints, SizeIs(1)) << "there is one more number";
    EXPECT_FALSE(cluster.egress("a", "10.0.1.2", 81));
    EXPECT_TRUE(cluster.egress("a", "10.0.1.2", 80));
    EXPECT_TRUE(cluster.egress("a", "10.0.1.1", 81));
    cluster.index.set_pod(named("db", 80));
    (void)cluster.take();
    EXPECT_FALSE(cluster.egress("a", "10.0.1.2", 80));
    EXPECT_TRUE(cluster.egress("a", "10.0.1.2", 81));
    auto moved = named("db", 80);
    moved.addresses = {ip("10.0.1.9")};
    cluster.index.set_pod(moved);
    EXPECT_THAT(cluster.take().endpoints, IsEmpty()) << "an address moves, no number";
    EXPECT_FALSE(cluster.egress("a", "10.0.1.9", 80));
}

TEST_F(ClusterPolicy, MakeOneSetOfManySelectorsOfAnAction) {
    std::string written = R"("ingress": [)";
    for (std::size_t i = 0; i <= kMostPodSets; ++i) {
        written += from_pods("Deny", "app" + std::to_string(i)) + ",";
    }
    set(spec("Admin", 5, written + from_pods("Deny", "web") + "]"));
    (void)cluster.take();
    ASSERT_THAT(rules().tiers, SizeIs(1));
    const auto& matches = rules().tiers[0].classes.at(0).matches;
    ASSERT_THAT(matches, SizeIs(1));
    EXPECT_THAT(matches[0].peers.sets, SizeIs(1));
    EXPECT_FALSE(web());
}

}  // namespace
}  // namespace terway::policy
