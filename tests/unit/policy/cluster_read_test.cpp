// What a ClusterNetworkPolicy means that nobody understands wholly. It is read as the watch reads
// it, without the checks that an API server does.
#include <gmock/gmock.h>

#include "kube/object_sink.hpp"
#include "policy_testing.hpp"

namespace terway::policy {
namespace {

using kube::ClusterAction;
using kube::ClusterNetworkPolicy;
using kube::ClusterRule;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

ClusterNetworkPolicy read(const std::string& spec) {
    kube::Words words;
    const auto shape = kube::Shape::object(kube::members_of<ClusterNetworkPolicy>());
    kube::ObjectSink<ClusterNetworkPolicy> sink(words, kube::is_terway_annotation);
    kube::JsonReader reader(shape, sink);
    reader.feed(R"({"metadata": {"name": "c"}, "spec": )" + spec + "}");
    reader.finish();
    return sink.take();
}

// Of an Admin policy of all pods, with that in its only rule.
std::vector<ClusterRule> egress(const std::string& action, const std::string& rest) {
    return read(R"({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}},
        "egress": [{"action": ")" +
                action + "\"" + rest + "}]}")
        .egress;
}
std::vector<ClusterRule> ingress(const std::string& action, const std::string& rest) {
    return read(R"({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}},
        "ingress": [{"action": ")" +
                action + "\"" + rest + "}]}")
        .ingress;
}

constexpr const char* kAll = R"(, "to": [{"namespaces": {}}])";

TEST(ClusterPolicyReader, HasWhatIsWritten) {
    const auto policy = read(R"({"tier": "Baseline", "priority": 1000, "subject": {"pods": {
        "namespaceSelector": {"matchLabels": {"b": "1", "a": "2"}}, "podSelector": {}}},
        "ingress": [{"name": "n", "action": "Accept", "from": [{"namespaces": {}}]}],
        "egress": [{"action": "Pass", "to": [{"networks": ["10.1.2.3/8", "fd00::/8"]},
            {"pods": {"podSelector": {"matchLabels": {"k": "v"}}}}],
            "protocols": [{"tcp": {"destinationPort": {"number": 80}}},
                {"udp": {"destinationPort": {"range": {"start": 5, "end": 9}}}},
                {"sctp": {"destinationPort": {"number": 7}}}]},
            {"action": "Deny", "to": [{"namespaces": {}}],
             "protocols": [{"destinationNamedPort": "web"}]}]})");
    EXPECT_EQ(policy.meta.name, "c");
    EXPECT_EQ(policy.tier, kube::ClusterTier::Baseline);
    EXPECT_EQ(policy.priority, 1000);
    EXPECT_EQ(policy.subject.value().spaces.labels, labels({{"a", "2"}, {"b", "1"}}));
    EXPECT_EQ(policy.subject.value().pods, kube::LabelSelector{});
    ASSERT_THAT(policy.ingress, SizeIs(1));
    EXPECT_EQ(policy.ingress[0].action, ClusterAction::Accept);
    EXPECT_EQ(policy.ingress[0].what.peers.at(0).spaces, kube::LabelSelector{});
    EXPECT_THAT(policy.ingress[0].what.ports, IsEmpty());
    ASSERT_THAT(policy.egress, SizeIs(2));
    const auto& pass = policy.egress[0];
    EXPECT_EQ(pass.action, ClusterAction::Pass);
    ASSERT_THAT(pass.what.peers, SizeIs(3));
    EXPECT_EQ(pass.what.peers[0].block.value().cidr.text(), "10.0.0.0/8");
    EXPECT_EQ(pass.what.peers[1].block.value().cidr.text(), "fd00::/8");
    EXPECT_EQ(pass.what.peers[2].spaces, kube::LabelSelector{});
    EXPECT_EQ(pass.what.peers[2].pods.value().labels, labels({{"k", "v"}}));
    EXPECT_THAT(pass.what.ports, ElementsAre(kube::PolicyPort{Protocol::Tcp, {}, 80, 80},
                                             kube::PolicyPort{Protocol::Udp, {}, 5, 9},
                                             kube::PolicyPort{Protocol::Sctp, {}, 7, 7}));
    const kube::Word web("web");
    EXPECT_THAT(policy.egress[1].what.ports, ElementsAre(kube::PolicyPort{Protocol::Tcp, web},
                                                         kube::PolicyPort{Protocol::Udp, web},
                                                         kube::PolicyPort{Protocol::Sctp, web}));
}

TEST(ClusterPolicyReader, AcceptsNothingAndDeniesAllByARuleItDoesNotUnderstand) {
    const std::vector<std::string> odd{
        "",
        R"(, "to": [])",
        R"(, "to": [{}])",
        R"(, "to": [{"namespaces": {}}, {"someday": {}}])",
        R"(, "to": [{"nodes": {}}])",
        R"(, "to": [{"nodes": {}, "namespaces": {}}])",
        R"(, "to": [{"domainNames": ["example.com"]}])",
        R"(, "to": [{"networks": ["10.0.0.0/8"], "domainNames": ["example.com"]}])",
        R"(, "to": [{"networks": []}])",
        R"(, "to": [{"networks": ["10.0.0.0"]}])",
        R"(, "to": [{"networks": ["10.0.0.0/8"], "namespaces": {}}])",
        R"(, "to": [{"pods": {"namespaceSelector": {}}}])",
        R"(, "to": "all")",
        R"(, "to": [{"namespaces": {}}, "all"])",
        R"(, "to": [{"namespaces": {}, "pods": "all"}])",
        R"(, "to": [{"namespaces": {"matchLabels": {"k": 1}}}])",
        R"(, "to": [{"networks": ["10.0.0.0/8", 5]}])",
        R"(, "to": [{"networks": ["10.0.0.0/8"], "domainNames": "example.com"}])",
        R"(, "to": [{"namespaces": {"matchExpressions": [{"key": "k", "operator": "Like"}]}}])",
        R"(, "to": [{"namespaces": {"matchExpressions": [{"key": "k", "operator": "In"}]}}])",
        R"(, "to": [{"namespaces": {"matchExpressions": [{"operator": "Exists"}]}}])",
        std::string(kAll) + R"(, "protocols": [])",
        std::string(kAll) + R"(, "protocols": "tcp")",
        std::string(kAll) + R"(, "protocols": ["tcp"])",
        std::string(kAll) + R"(, "protocols": [{"tcp": {"destinationPort": {"number": 80}},
            "udp": "53"}])",
        std::string(kAll) + R"(, "protocols": [{"tcp": {"destinationPort": {"number": "80"}}}])",
        std::string(kAll) + R"(, "protocols": [{"tcp": {"destinationPort":
            {"number": 80, "range": []}}}])",
        std::string(kAll) + R"(, "protocols": [{"destinationNamedPort": 80}])",
        std::string(kAll) + R"(, "protocols": [{}])",
        std::string(kAll) + R"(, "protocols": [{"icmp": {}}])",
        std::string(kAll) + R"(, "protocols": [{"tcp": {}}])",
        std::string(kAll) + R"(, "protocols": [{"tcp": {"destinationPort": {}}}])",
        std::string(kAll) + R"(, "protocols": [{"tcp": {"destinationPort": {"number": 0}}}])",
        std::string(kAll) + R"(, "protocols": [{"tcp": {"destinationPort": {"number": 65536}}}])",
        std::string(kAll) + R"(, "protocols": [{"tcp": {"destinationPort":
            {"range": {"start": 9, "end": 8}}}}])",
        std::string(kAll) + R"(, "protocols": [{"tcp": {"destinationPort":
            {"number": 80, "range": {"start": 1, "end": 8}}}}])",
        std::string(kAll) + R"(, "protocols": [{"tcp": {"destinationPort": {"number": 80}},
            "udp": {"destinationPort": {"number": 80}}}])",
        std::string(kAll) + R"(, "protocols": [{"destinationNamedPort": ""}])",
        R"(, "to": [{"networks": ["10.0.0.0/8"]}], "protocols": [{"destinationNamedPort": "w"}])",
    };
    const ClusterRule deny_all{ClusterAction::Deny, {}};
    for (const auto& rest : odd) {
        EXPECT_THAT(egress("Accept", rest), IsEmpty()) << rest;
        EXPECT_THAT(egress("Deny", rest), ElementsAre(deny_all)) << rest;
        EXPECT_THAT(egress("Pass", rest), ElementsAre(deny_all)) << rest;
    }
    EXPECT_THAT(egress("Log", kAll), ElementsAre(deny_all));
    const auto* const networks = R"(, "from": [{"networks": ["10.0.0.0/8"]}])";  // is for egress
    EXPECT_THAT(ingress("Accept", networks), IsEmpty());
    EXPECT_THAT(ingress("Pass", networks), ElementsAre(deny_all));
}

TEST(ClusterPolicyReader, DeniesAllByRulesOfAnotherType) {
    const ClusterRule deny_all{ClusterAction::Deny, {}};
    for (const auto* const rules : {"{}", R"("all")", R"(["all"])"}) {
        const auto policy = read(R"({"tier": "Admin", "priority": 1, "egress": )" +
                                 std::string(rules) + R"(, "ingress": )" + rules + "}");
        EXPECT_THAT(policy.egress, ElementsAre(deny_all)) << rules;
        EXPECT_THAT(policy.ingress, ElementsAre(deny_all)) << rules;
    }
}

TEST(ClusterPolicyReader, OnlyDeniesByAPolicyOfATierOrPriorityItDoesNotKnow) {
    const std::string rest = R"(, "subject": {"namespaces": {}}, "ingress": [
        {"action": "Accept", "from": [{"namespaces": {}}]},
        {"action": "Pass", "from": [{"namespaces": {}}]}]})";
    for (const auto* const said :
         {R"({"priority": 5)", R"({"tier": "Someday", "priority": 5)", R"({"tier": "Baseline")",
          R"({"tier": "Baseline", "priority": 1001)", R"({"tier": "Baseline", "priority": -1)",
          R"({"tier": "Baseline", "priority": "5")", R"({"tier": ["Baseline"], "priority": 5)"}) {
        const auto policy = read(said + rest);
        EXPECT_EQ(policy.tier, kube::ClusterTier::Admin) << said;
        EXPECT_EQ(policy.priority, 0) << said;
        ASSERT_THAT(policy.ingress, SizeIs(1)) << said;
        EXPECT_EQ(policy.ingress[0].action, ClusterAction::Deny) << said;
        EXPECT_THAT(policy.ingress[0].what.peers, SizeIs(1)) << said;
    }
}

TEST(ClusterPolicyReader, HasNobodyAsASubjectItDoesNotUnderstand) {
    for (const auto* const subject :
         {"{}", R"({"someday": {}})", R"({"namespaces": {}, "pods": {"podSelector": {}}})",
          R"({"pods": {}})", R"("all")", R"({"namespaces": "all"})",
          R"({"namespaces": {"matchExpressions": [{"key": "k", "operator": "Like"}]}})"}) {
        EXPECT_FALSE(
            read(R"({"tier": "Admin", "priority": 1, "subject": )" + std::string(subject) + "}")
                .subject)
            << subject;
    }
    EXPECT_FALSE(read(R"({"tier": "Admin", "priority": 1})").subject);
}

TEST(ClusterPolicyReader, CarriesNothingOverToTheNext) {
    kube::Words words;
    const auto shape = kube::Shape::object(kube::members_of<ClusterNetworkPolicy>());
    kube::ObjectSink<ClusterNetworkPolicy> sink(words, kube::is_terway_annotation);
    kube::JsonReader reader(shape, sink);
    reader.feed(R"({"metadata": {"name": "c"}, "spec": {"tier": "Baseline", "priority": 3,
        "subject": {"namespaces": {}}, "egress": [{"action": "Pass", "to": [{"namespaces": {}}]}]}})");
    EXPECT_EQ(sink.take().priority, 3);
    reader.feed(R"({"spec": {"egress": [{"to": [{"namespaces": {}}]}]}})");
    const auto next = sink.take();
    EXPECT_EQ(next.tier, kube::ClusterTier::Admin);
    EXPECT_EQ(next.priority, 0);
    EXPECT_FALSE(next.subject);
    EXPECT_THAT(next.egress, ElementsAre(ClusterRule{ClusterAction::Deny, {}}));
}

}  // namespace
}  // namespace terway::policy
