#include "policy/index.hpp"

#include <gmock/gmock.h>

#include "policy_testing.hpp"

namespace terway::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kFromApp = R"({"podSelector": {"matchLabels": {"app": "db"}},
    "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}],
                 "ports": [{"port": 5432}]}]})";

TEST(PolicyIndex, LeavesAPodAloneThatNoPolicySelects) {
    Cluster cluster;
    cluster.local(pod("x", "free", "10.0.0.1"));
    cluster.index.set_policy(policy(kFromApp));
    const auto update = cluster.take();
    ASSERT_THAT(update.endpoints, SizeIs(1));
    EXPECT_TRUE(update.endpoints[0].ingress->tiers.empty());
    EXPECT_THAT(update.endpoints[0].policies, IsEmpty());
    EXPECT_THAT(update.sets, IsEmpty()) << "a policy without local pods costs nothing";
    EXPECT_EQ(cluster.index.sizes().groups, 0U);
}

TEST(PolicyIndex, IsolatesAPodWhosePeersAreUnknown) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    cluster.take();
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 5432));
    EXPECT_TRUE(cluster.egress("db", "10.0.0.2", 5432));
    EXPECT_THAT(cluster.picture.find({"x", "db"})->policies, ElementsAre(ObjectName{"x", "p"}));
}

TEST(PolicyIndex, TellsOnlyTheAddressOfAPodThatBecomesAPeer) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    cluster.take();
    cluster.index.set_pod(pod("x", "w", "10.0.0.2", {{"app", "web"}}));
    const auto update = cluster.take();
    EXPECT_THAT(update.endpoints, IsEmpty());
    ASSERT_THAT(update.sets, SizeIs(1));
    EXPECT_FALSE(update.sets[0].is_new);
    EXPECT_THAT(update.sets[0].added.addresses, ElementsAre(ip("10.0.0.2")));
    EXPECT_TRUE(cluster.ingress("db", "10.0.0.2", 5432));
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 80));

    cluster.index.set_pod(pod("x", "w", "10.0.0.2", {{"app", "other"}}));
    EXPECT_THAT(cluster.take().sets.at(0).removed.addresses, ElementsAre(ip("10.0.0.2")));
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 5432));
}

TEST(PolicyIndex, SaysNothingOfWhatChangedBackBeforeItWasTold) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    const auto before = cluster.take().revision;
    cluster.index.set_pod(pod("x", "w", "10.0.0.2", {{"app", "web"}}));
    cluster.index.set_pod(pod("x", "w", "10.0.0.2", {{"app", "other"}}));
    cluster.index.set_policy(policy(kFromApp));
    const auto update = cluster.take();
    EXPECT_TRUE(update.empty());
    EXPECT_EQ(update.revision, before);
}

TEST(PolicyIndex, SharesRulesAndSetsAmongPods) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db1", "10.0.0.1", {{"app", "db"}}));
    cluster.local(pod("x", "db2", "10.0.0.2", {{"app", "db"}}));
    const auto update = cluster.take();
    EXPECT_THAT(update.sets, SizeIs(1));
    ASSERT_THAT(update.endpoints, SizeIs(2));
    EXPECT_EQ(update.endpoints[0].ingress, update.endpoints[1].ingress);
}

TEST(PolicyIndex, SharesSetsOfSelectorsThatSayTheSame) {
    Cluster cluster;
    cluster.local(pod("x", "db", "10.0.0.1"));
    cluster.index.set_policy(policy(R"({"ingress": [
        {"from": [{"podSelector": {"matchLabels": {"a": "1"}}}], "ports": [{"port": 1}]},
        {"from": [{"podSelector": {"matchExpressions": [
            {"key": "a", "operator": "In", "values": ["1"]}]}}], "ports": [{"port": 3}]}]})"));
    EXPECT_THAT(cluster.take().sets, SizeIs(1));
}

TEST(PolicyIndex, MakesOneSetOfManySelectors) {
    Cluster cluster;
    cluster.local(pod("x", "db", "10.0.0.1"));
    for (int i = 0; i < 50; ++i) {
        const auto n = std::to_string(i);
        cluster.index.set_pod(pod("x", "w" + n, "10.0.1." + n, {{"app", "w" + n}}));
        cluster.index.set_policy(
            policy(R"({"ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "w)" + n +
                       R"("}}}, {"ipBlock": {"cidr": "192.168.)" + n + R"(.0/25"}}]}]})",
                   "x", "p" + n));
    }
    cluster.take();
    const auto& classes = cluster.picture.find({"x", "db"})->ingress->tiers.at(0).classes;
    ASSERT_THAT(classes, SizeIs(3)) << "one for each protocol";
    EXPECT_THAT(classes[0].matches.at(0).peers.sets, SizeIs(2)) << "one of pods, one of blocks";
    EXPECT_TRUE(cluster.ingress("db", "10.0.1.49", 80));
    EXPECT_TRUE(cluster.ingress("db", "192.168.49.1", 80));
    EXPECT_FALSE(cluster.ingress("db", "192.168.49.129", 80));
    cluster.index.remove_policy({"x", "p49"});
    cluster.take();
    EXPECT_FALSE(cluster.ingress("db", "10.0.1.49", 80));
    EXPECT_TRUE(cluster.ingress("db", "10.0.1.48", 80));
}

TEST(PolicyIndex, TakesAwaySetsThatNobodyUses) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    const auto id = cluster.take().sets.at(0).id;
    cluster.index.remove_endpoint({"x", "db"});
    const auto update = cluster.take();
    EXPECT_THAT(update.gone_endpoints, ElementsAre(ObjectName{"x", "db"}));
    EXPECT_THAT(update.gone_sets, ElementsAre(id));
    EXPECT_EQ(cluster.index.sizes().groups, 0U);
}

TEST(PolicyIndex, ResolvesNamedPortsAtTheDestination) {
    Cluster cluster;
    auto here = pod("x", "db", "10.0.0.1");
    here.ports = {{kube::Word("web"), 8080, Protocol::Tcp}, {kube::Word("web"), 53, Protocol::Udp}};
    cluster.local(here);
    auto there = pod("x", "w", "10.0.0.2");
    there.ports = {{kube::Word("web"), 80, Protocol::Tcp}};
    cluster.index.set_pod(there);
    cluster.index.set_policy(policy(R"({"ingress": [{"ports": [{"port": "web"}]}],
                   "egress": [{"ports": [{"port": "web"}]}]})"));
    cluster.take();
    EXPECT_TRUE(cluster.ingress("db", "10.0.0.2", 8080));
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 80));
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 53, Protocol::Udp)) << "TCP is meant";
    EXPECT_TRUE(cluster.egress("db", "10.0.0.2", 80));
    EXPECT_FALSE(cluster.egress("db", "10.0.0.2", 8080));
    EXPECT_FALSE(cluster.egress("db", "203.0.113.1", 80)) << "that is no pod";

    there.ports[0].number = 81;
    cluster.index.set_pod(there);
    EXPECT_THAT(cluster.take().endpoints, IsEmpty());
    EXPECT_TRUE(cluster.egress("db", "10.0.0.2", 81));
    EXPECT_FALSE(cluster.egress("db", "10.0.0.2", 80));
    here.ports[0].number = 9090;
    cluster.index.set_pod(here);
    EXPECT_THAT(cluster.take().endpoints, SizeIs(1));
    EXPECT_TRUE(cluster.ingress("db", "10.0.0.2", 9090));
}

TEST(PolicyIndex, GivesAnAddressToItsNewPodAtOnce) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    auto former = pod("x", "former", "10.0.0.2", {{"app", "web"}});
    cluster.index.set_pod(former);
    cluster.take();
    EXPECT_TRUE(cluster.ingress("db", "10.0.0.2", 5432));
    cluster.index.set_pod(pod("y", "heir", "10.0.0.2", {{"app", "web"}}));
    cluster.take();
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 5432));
    EXPECT_EQ(cluster.index.pod_at(ip("10.0.0.2")), (ObjectName{"y", "heir"}));
    cluster.index.remove_pod({"x", "former"}, "uid-former");
    cluster.take();
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 5432));
    cluster.index.remove_pod({"y", "heir"});
    EXPECT_EQ(cluster.index.pod_at(ip("10.0.0.2")), std::nullopt);
}

TEST(PolicyIndex, KeepsThePodOfThatNameWhenItsPredecessorsEndIsHeardLate) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    auto again = pod("x", "w", "10.0.0.2", {{"app", "web"}});
    again.meta.uid = kube::Word("second");
    cluster.index.set_pod(again);
    cluster.index.remove_pod({"x", "w"}, "first");
    cluster.take();
    EXPECT_TRUE(cluster.ingress("db", "10.0.0.2", 5432));
}

TEST(PolicyIndex, PrefersAPodThatStaysToOneThatGoes) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    cluster.index.set_pod(pod("y", "heir", "10.0.0.2", {{"app", "web"}}));
    auto late = pod("x", "former", "10.0.0.2", {{"app", "web"}});
    late.meta.deletion = kube::Word("2000-01-01T00:00:00Z");
    cluster.index.set_pod(late);
    cluster.take();
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 5432));
}

TEST(PolicyIndex, CountsATerminatingPodAndNotOneThatIsOver) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    auto peer = pod("x", "w", "10.0.0.2", {{"app", "web"}});
    peer.meta.deletion = kube::Word("2000-01-01T00:00:00Z");
    cluster.index.set_pod(peer);
    cluster.take();
    EXPECT_TRUE(cluster.ingress("db", "10.0.0.2", 5432));
    peer.phase = kube::Phase::Failed;
    cluster.index.set_pod(peer);
    cluster.take();
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 5432));
}

TEST(PolicyIndex, KnowsALocalPodsAddressBeforeTheApiServerDoes) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    cluster.index.set_pod(pod("x", "w", "", {{"app", "web"}}));
    cluster.index.set_endpoint({{"x", "w"}, "uid-w", {ip("10.0.0.2")}});
    cluster.take();
    EXPECT_TRUE(cluster.ingress("db", "10.0.0.2", 5432));
    cluster.index.remove_endpoint({"x", "w"});
    cluster.take();
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 5432));
}

TEST(PolicyIndex, WaitsForTheObjectOfTheVeryPod) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.index.set_pod(pod("x", "db", "10.0.0.1", {{"app", "other"}}));  // the predecessor's
    cluster.index.set_endpoint({{"x", "db"}, "new", {ip("10.0.0.9")}});
    EXPECT_THAT(cluster.take().endpoints, IsEmpty());
    auto now = pod("x", "db", "10.0.0.9", {{"app", "db"}});
    now.meta.uid = kube::Word("new");
    cluster.index.set_pod(now);
    EXPECT_THAT(cluster.take().endpoints, SizeIs(1));
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 5432));

    cluster.index.remove_pod({"x", "db"}, "new");
    cluster.index.remove_policy({"x", "p"});
    EXPECT_THAT(cluster.take().endpoints, IsEmpty()) << "the rules stay until the endpoint goes";
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 5432));
    cluster.index.set_endpoint({{"x", "db"}, "third", {}});
    EXPECT_THAT(cluster.take().gone_endpoints, SizeIs(1));
}

TEST(PolicyIndex, MatchesNoNamespaceBeforeItsLabelsAreKnown) {
    Cluster cluster;
    cluster.local(pod("x", "db", "10.0.0.1"));
    cluster.index.set_pod(pod("z", "w", "10.0.0.2"));
    cluster.index.set_policy(policy(R"({"ingress": [{"from": [{"namespaceSelector":
        {"matchExpressions": [{"key": "bad", "operator": "DoesNotExist"}]}}]}]})"));
    cluster.take();
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 80));
    cluster.index.set_namespace(space("z"));
    cluster.take();
    EXPECT_TRUE(cluster.ingress("db", "10.0.0.2", 80));
    cluster.index.set_namespace(space("z", {{"bad", ""}}));
    cluster.take();
    EXPECT_FALSE(cluster.ingress("db", "10.0.0.2", 80));
}

TEST(PolicyIndex, LetsOtherProtocolsThroughRulesOfAnyPortOnly) {
    Cluster cluster;
    cluster.local(pod("x", "db", "10.0.0.1"));
    cluster.index.set_policy(policy(R"({"ingress": [
        {"from": [{"ipBlock": {"cidr": "10.0.0.2/32"}}], "ports": [{"port": 80}]},
        {"from": [{"ipBlock": {"cidr": "10.0.0.3/32"}}]}]})"));
    cluster.take();
    const auto& rules = *cluster.picture.find({"x", "db"})->ingress;
    EXPECT_FALSE(cluster.picture.allows_other(rules, ip("10.0.0.2")));
    EXPECT_TRUE(cluster.picture.allows_other(rules, ip("10.0.0.3")));
}

TEST(PolicyIndex, SaysTheSameAgainToWhoBeginsAnew) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    cluster.index.set_pod(pod("x", "w", "10.0.0.2", {{"app", "web"}}));
    cluster.take();
    cluster.index.set_pod(pod("x", "v", "10.0.0.3", {{"app", "web"}}));
    Picture other;
    other.apply(cluster.index.everything());
    EXPECT_EQ(other.sets(), cluster.picture.sets()) << "what was not told yet is not in it";
    other.apply(cluster.index.take());
    EXPECT_TRUE(
        other.allows(*other.find({"x", "db"})->ingress, {ip("10.0.0.3"), Protocol::Tcp, 5432}));
}

// Names in a data plane outlive a process, and are on all nodes the same.
TEST(PolicyIndex, GivesNamesThatStay) {
    Cluster cluster;
    cluster.index.set_policy(policy(kFromApp));
    cluster.local(pod("x", "db", "10.0.0.1", {{"app", "db"}}));
    const auto update = cluster.take();
    EXPECT_EQ(text_of(update.sets.at(0).id), "e8c388d6e15840474e2b071fbdddc843");
    EXPECT_EQ(text_of(update.endpoints.at(0).ingress->id), "e72f9e95b454b1696da8391fd07c26fe");
}

}  // namespace
}  // namespace terway::policy
