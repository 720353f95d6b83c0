#include "policy/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy_testing.hpp"
#include "terway/error.hpp"

namespace terway::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Explain : public testing::Test {
protected:
    Explain() {
        cluster.local(pod("x", "web", "10.0.0.1", {{"app", "web"}}));
        cluster.local(pod("x", "friend", "10.0.0.2", {{"app", "friend"}}));
        cluster.index.set_pod(pod("y", "far", "10.0.1.1", {{"app", "far"}}));
        cluster.index.set_policy(policy(R"({"podSelector": {"matchLabels": {"app": "web"}},
            "ingress": [{"from": [{"ipBlock": {"cidr": "192.168.0.0/16",
                                               "except": ["192.168.1.0/24"]}}]},
                        {"from": [{"podSelector": {"matchLabels": {"app": "friend"}}}],
                         "ports": [{"port": 80}]}]})"));
        (void)cluster.take();
    }
    Explanation ask(const std::string& from, const std::string& to, std::uint16_t port = 80) {
        return explain(cluster.index, {from, to, Protocol::Tcp, port});
    }
    std::string refusal(const std::string& from, const std::string& to) {
        try {
            (void)ask(from, to);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }

    Cluster cluster;
};

TEST_F(Explain, NamesThePolicyAndTheRuleThatAllows) {
    const auto all = ask("x/friend", "x/web");
    EXPECT_TRUE(all.allowed);
    EXPECT_EQ(all.ingress.policy->text(), "x/p");
    EXPECT_EQ(all.ingress.rule, 1U);
    EXPECT_THAT(all.ingress.reason, HasSubstr("rule number 2"));
    EXPECT_EQ(all.ingress.compiled, true);
    EXPECT_FALSE(all.egress.policy);
    EXPECT_THAT(all.egress.reason, HasSubstr("no policy selects x/friend for egress"));
    EXPECT_EQ(all.egress.compiled, true);
}

TEST_F(Explain, SaysWhetherThePeerOrThePortIsMissing) {
    const auto port = ask("x/friend", "x/web", 81);
    EXPECT_FALSE(port.allowed);
    EXPECT_THAT(port.ingress.reason, HasSubstr("have not the port"));
    const auto peer = ask("y/far", "x/web");
    EXPECT_FALSE(peer.allowed);
    EXPECT_THAT(peer.ingress.reason, HasSubstr("isolated by x/p; no rule has the peer"));
    EXPECT_EQ(peer.ingress.compiled, false);
    EXPECT_EQ(peer.egress.compiled, std::nullopt) << "its rules are another node's";
}

TEST_F(Explain, TakesAddressesOfNobody) {
    EXPECT_TRUE(ask("192.168.2.2", "x/web", 9).allowed);
    EXPECT_FALSE(ask("192.168.1.2", "x/web", 9).allowed);
    EXPECT_FALSE(ask("192.168.1.2", "x/web", 9).from_pod);
    EXPECT_THAT(ask("192.168.1.2", "x/web").egress.reason, HasSubstr("is no pod"));
}

TEST_F(Explain, KnowsWhosePodAnAddressIs) {
    EXPECT_EQ(ask("10.0.0.2", "10.0.0.1").from_pod->text(), "x/friend");
    EXPECT_TRUE(ask("10.0.0.2", "10.0.0.1").allowed);
}

TEST_F(Explain, LetsAPodTalkToItself) {
    EXPECT_TRUE(ask("x/web", "x/web", 9).allowed);
}

TEST_F(Explain, APodInItsNodesNetworkHasNoNamesOfPorts) {
    auto agent = pod("x", "agent", "10.0.9.9");
    agent.host_network = true;
    agent.ports = {{kube::Word("http"), 80, Protocol::Tcp}};
    cluster.index.set_pod(agent);
    cluster.index.set_policy(policy(R"({"podSelector": {"matchLabels": {"app": "friend"}},
        "egress": [{"ports": [{"port": "http"}]}]})",
                                    "x", "named"));
    (void)cluster.take();
    const auto egress = ask("x/friend", "x/agent").egress;
    EXPECT_EQ(egress.compiled, false);
    EXPECT_FALSE(egress.allowed) << egress.reason;
}

TEST_F(Explain, ComparesNothingBeforeTheRulesAreTold) {
    cluster.index.remove_policy({"x", "p"});
    EXPECT_EQ(ask("y/far", "x/web").ingress.compiled, std::nullopt);
    (void)cluster.take();
    EXPECT_EQ(ask("y/far", "x/web").ingress.compiled, true);
}

TEST_F(Explain, RefusesWhatItDoesNotKnow) {
    EXPECT_THAT(refusal("x/nobody", "x/web"), HasSubstr("nobody knows such a pod"));
    EXPECT_THAT(refusal("web", "x/web"), HasSubstr("is no address"));
    EXPECT_THAT(refusal("fd00::1", "x/web"), HasSubstr("no addresses of one family"));
}

// Web accepts 80 of friends by its NetworkPolicy.
class ExplainTiers : public Explain {
protected:
    void say(const std::string& name, const std::string& tier, int priority,
             const std::string& rules, const std::string& namespaces = "{}") {
        cluster.index.set_cluster_policy(
            cluster_policy(R"({"tier": ")" + tier + R"(", "priority": )" +
                               std::to_string(priority) + R"(, "subject": {"namespaces": )" +
                               namespaces + R"(}, "ingress": [)" + rules + "]}",
                           name));
        (void)cluster.take();
    }
    static std::string from_all(const std::string& action) {
        return R"({"action": ")" + action + R"(", "from": [{"namespaces": {}}]})";
    }
    // Of the answer for ingress, which the compiled rules must share.
    EndAnswer of(const std::string& from, const std::string& to, std::uint16_t port = 80) {
        auto answer = ask(from, to, port).ingress;
        EXPECT_EQ(answer.compiled, answer.allowed) << answer.reason;
        return answer;
    }
};

TEST_F(ExplainTiers, ADenyOfTheAdminTierIsNamedBeforeAPolicyThatAllows) {
    say("c", "Admin", 7, from_all("Deny"));
    const auto answer = of("x/friend", "x/web");
    EXPECT_FALSE(answer.allowed);
    EXPECT_EQ(answer.tier, TierKind::Admin);
    EXPECT_EQ(answer.policy->text(), "c");
    EXPECT_EQ(answer.rule, 0U);
    EXPECT_THAT(answer.isolating, IsEmpty());
    EXPECT_EQ(answer.reason,
              "cluster policy c of the Admin tier denies it by its ingress rule number 1");
}

TEST_F(ExplainTiers, AnAcceptOfTheAdminTierIsNamedBeforeIsolation) {
    say("c", "Admin", 7, from_all("Accept"));
    const auto answer = of("y/far", "x/web", 9);
    EXPECT_TRUE(answer.allowed);
    EXPECT_EQ(answer.policy->text(), "c");
}

TEST_F(ExplainTiers, TheLowestPriorityIsAskedFirstWhateverTheNames) {
    say("a", "Admin", 9, from_all("Accept"));
    say("z", "Admin", 2, from_all("Deny"));
    EXPECT_EQ(of("x/friend", "x/web").policy->text(), "z");
    say("a", "Admin", 1, from_all("Accept"));
    EXPECT_EQ(of("x/friend", "x/web").policy->text(), "a");
}

TEST_F(ExplainTiers, TheFirstRuleOfAPolicyThatHasThePeerDecides) {
    say("c", "Admin", 0,
        R"({"action": "Deny", "from": [{"namespaces": {"matchLabels": {"name": "y"}}}]},)" +
            from_all("Accept"));
    EXPECT_EQ(of("y/far", "x/web").rule, 0U);
    EXPECT_EQ(of("x/friend", "x/web", 9).rule, 1U);
}

TEST_F(ExplainTiers, APassIsToldOfAndNetworkPoliciesAreAsked) {
    say("a", "Admin", 0, from_all("Pass"));
    say("b", "Admin", 1, from_all("Deny"));
    const auto allowed = of("x/friend", "x/web");
    EXPECT_EQ(allowed.tier, TierKind::NetworkPolicy);
    EXPECT_EQ(allowed.policy->text(), "x/p");
    EXPECT_EQ(allowed.reason,
              "cluster policy a of the Admin tier passes it by its ingress rule number 1; policy "
              "x/p allows it by its ingress rule number 2");
    const auto denied = of("y/far", "x/web");
    EXPECT_FALSE(denied.allowed);
    EXPECT_EQ(denied.tier, TierKind::NetworkPolicy);
    EXPECT_FALSE(denied.policy);
    EXPECT_THAT(denied.isolating, ElementsAre(ObjectName{"x", "p"}));
}

TEST_F(ExplainTiers, TheBaselineIsAskedWhereNoNetworkPolicySelectsThePod) {
    say("base", "Baseline", 0, from_all("Deny"));
    const auto denied = of("x/web", "x/friend");
    EXPECT_FALSE(denied.allowed);
    EXPECT_EQ(denied.tier, TierKind::Baseline);
    EXPECT_EQ(denied.policy->text(), "base");
    EXPECT_EQ(of("x/friend", "x/web").tier, TierKind::NetworkPolicy);
    say("base", "Baseline", 0, from_all("Pass"));
    EXPECT_TRUE(of("x/web", "x/friend").allowed);
}

TEST_F(ExplainTiers, PoliciesWithoutSuchARuleAreNamedWhereNothingDecides) {
    say("c", "Admin", 0,
        R"({"action": "Deny", "from": [{"namespaces": {"matchLabels": {"name": "y"}}}]})");
    say("elsewhere", "Admin", 0, from_all("Deny"), R"({"matchLabels": {"name": "y"}})");
    const auto answer = of("x/web", "x/friend");
    EXPECT_TRUE(answer.allowed);
    EXPECT_FALSE(answer.tier);
    EXPECT_EQ(answer.reason,
              "no rule of cluster policies c has it, and no policy isolates x/friend for ingress");
}

TEST_F(ExplainTiers, NothingIsComparedWhileThePodsNamespaceIsNotKnown) {
    say("c", "Admin", 0, from_all("Deny"));
    cluster.index.remove_namespace("x");
    (void)cluster.take();
    EXPECT_FALSE(ask("y/far", "x/web").ingress.is_defect());
}

TEST(ExplainPort, IsANumberAndAProtocol) {
    EXPECT_EQ(parse_port("53/udp").protocol, Protocol::Udp);
    EXPECT_EQ(parse_port("53/UDP").port, 53);
    EXPECT_EQ(parse_port("80").protocol, Protocol::Tcp);
    for (const auto* text : {"", "http/tcp", "80/icmp", "0/tcp", "65536/tcp", "80x/tcp"}) {
        EXPECT_THROW((void)parse_port(text), Error) << text;
    }
}

}  // namespace
}  // namespace terway::policy
