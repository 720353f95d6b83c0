#include "kube/objects.hpp"

#include <gmock/gmock.h>

#include "kube/network_policy.hpp"
#include "kube/object_sink.hpp"
#include "kube/quantity.hpp"
#include "kube_testing.hpp"

namespace terway::kube {
namespace {

using testing::ElementsAre;

template <class Object>
Object read(const std::string& text) {
    static Words words;
    const auto shape = Shape::object(members_of<Object>());
    ObjectSink<Object> sink(words, is_terway_annotation);
    JsonReader reader(shape, sink);
    reader.feed(text);
    reader.finish();
    return sink.take();
}

constexpr const char* kPod = R"({"kind": "Pod", "metadata": {
    "name": "web-0", "namespace": "shop", "uid": "u1", "resourceVersion": "42",
    "deletionTimestamp": "2024-05-01T12:00:00Z",
    "labels": {"z": "1", "app": "web", "k8s.aliyun.com/ignore-by-terway": "true"},
    "annotations": {"k8s.aliyun.com/ingress-bandwidth": "1M", "kubernetes.io/egress-bandwidth": "2M",
        "kubectl.kubernetes.io/last-applied-configuration": "{}"},
    "ownerReferences": [{"kind": "ConfigMap", "name": "c"},
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "controller": true}],
    "managedFields": [{"manager": "x", "fieldsV1": {"f:metadata": {"f:labels": {"f:app": {}}}}}]},
  "spec": {"nodeName": "n1", "hostNetwork": true,
    "initContainers": [{"name": "i", "resources": {"requests": {"aliyun/eni": "1", "aliyun/erdma": "5"}}}],
    "containers": [
        {"name": "a", "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9}],
         "resources": {"requests": {"cpu": "100m", "aliyun/eni": "1"}}},
        {"name": "b", "ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}],
         "resources": {"requests": {"aliyun/eni": "1"}}}]},
  "status": {"phase": "Running", "podIP": "10.0.0.5", "podIPs": [{"ip": "10.0.0.5"}, {"ip": "fd00::5"}]}})";

TEST(KubePod, HasTheFieldsTerwayUses) {
    const auto pod = read<Pod>(kPod);
    EXPECT_EQ(pod.meta.name, "web-0");
    EXPECT_EQ(pod.meta.space, "shop");
    EXPECT_EQ(pod.meta.uid, "u1");
    EXPECT_EQ(pod.meta.version, "42");
    EXPECT_TRUE(pod.meta.is_deleting());
    EXPECT_EQ(value_of(pod.meta.labels, "app"), "web");
    EXPECT_EQ(value_of(pod.meta.labels, "k8s.aliyun.com/ignore-by-terway"), "true");
    EXPECT_EQ(value_of(pod.meta.labels, "none"), "");
    ASSERT_NE(pod.meta.controller(), nullptr);
    EXPECT_EQ(pod.meta.controller()->kind, "StatefulSet");
    EXPECT_EQ(pod.meta.controller()->name, "web");
    EXPECT_EQ(pod.node, "n1");
    EXPECT_TRUE(pod.host_network);
    EXPECT_EQ(pod.phase, Phase::Running);
    EXPECT_FALSE(pod.is_over());
    EXPECT_THAT(pod.addresses,
                ElementsAre(*IpAddress::parse("10.0.0.5"), *IpAddress::parse("fd00::5")));
    ASSERT_EQ(pod.ports.size(), 2U);
    EXPECT_EQ(pod.ports[1].name, "dns");
    EXPECT_EQ(pod.ports[1].number, 53);
    EXPECT_EQ(pod.ports[1].protocol, Protocol::Udp);
}

TEST(KubePod, KeepsOnlyTheAnnotationsThatWereAskedFor) {
    const auto pod = read<Pod>(kPod);
    EXPECT_EQ(pod.meta.annotations.size(), 2U);
    EXPECT_EQ(value_of(pod.meta.annotations, "k8s.aliyun.com/ingress-bandwidth"), "1M");
    EXPECT_EQ(value_of(pod.meta.annotations, "kubernetes.io/egress-bandwidth"), "2M");
}

TEST(KubePod, OfAStaticPodKeepsTheUidItsSandboxHas) {
    const auto pod = read<Pod>(
        R"({"metadata":{"name":"a","annotations":{"kubernetes.io/config.mirror":"hash"}}})");
    EXPECT_EQ(value_of(pod.meta.annotations, "kubernetes.io/config.mirror"), "hash");
}

TEST(KubePod, AsksForWhatItsContainersNeedAtATime) {
    const auto pod = read<Pod>(kPod);
    EXPECT_EQ(amount_of(pod.requests, "aliyun/eni"), 2U) << "the containers run together";
    EXPECT_EQ(amount_of(pod.requests, "aliyun/erdma"), 5U) << "the init container runs before them";
    EXPECT_EQ(amount_of(pod.requests, "cpu"), 0U);
}

TEST(KubePod, TakesThePodIpOfServersThatSendNoList) {
    EXPECT_THAT(read<Pod>(R"({"status":{"podIP":"10.0.0.9"}})").addresses,
                ElementsAre(*IpAddress::parse("10.0.0.9")));
}

TEST(KubePod, CarriesNothingOverToTheNext) {
    Words words;
    const auto shape = Shape::object(members_of<Pod>());
    ObjectSink<Pod> sink(words, is_terway_annotation);
    JsonReader reader(shape, sink);
    reader.feed(kPod);
    (void)sink.take();
    reader.feed(R"({"metadata":{"name":"plain"}})");
    const auto plain = sink.take();
    EXPECT_EQ(plain.meta.name, "plain");
    EXPECT_TRUE(plain.meta.uid.empty());
    EXPECT_TRUE(plain.meta.labels.empty());
    EXPECT_TRUE(plain.meta.owners.empty());
    EXPECT_TRUE(plain.addresses.empty());
    EXPECT_TRUE(plain.requests.empty());
    EXPECT_FALSE(plain.host_network);
}

TEST(KubeNode, HasTheFieldsTerwayUses) {
    const auto node = read<Node>(R"({"metadata": {"name": "n1", "labels": {"zone": "h"}},
        "spec": {"podCIDR": "10.1.0.0/24", "podCIDRs": ["10.1.0.0/24", "fd00:1::/64"]},
        "status": {"capacity": {"cpu": "8", "pods": "110", "aliyun/eni": "7"},
            "allocatable": {"aliyun/eni": "6"},
            "addresses": [{"type": "InternalIP", "address": "192.168.0.7"}],
            "conditions": [{"type": "Ready", "status": "True"},
                {"type": "SufficientIP", "status": "False", "reason": "InsufficientIP",
                 "lastTransitionTime": "2024-05-01T12:00:00Z"}]}})");
    EXPECT_THAT(node.pod_cidrs,
                ElementsAre(*Prefix::parse("10.1.0.0/24"), *Prefix::parse("fd00:1::/64")));
    EXPECT_EQ(amount_of(node.capacity, "aliyun/eni"), 7U);
    EXPECT_EQ(amount_of(node.capacity, "pods"), 110U);
    EXPECT_EQ(amount_of(node.allocatable, "aliyun/eni"), 6U);
    ASSERT_EQ(node.addresses.size(), 1U);
    EXPECT_EQ(node.addresses[0].address, "192.168.0.7");
    ASSERT_NE(node.condition("SufficientIP"), nullptr);
    EXPECT_EQ(node.condition("SufficientIP")->reason, "InsufficientIP");
    EXPECT_EQ(node.condition("Other"), nullptr);
}

TEST(KubeNode, MayHaveOnePodCidrOnly) {
    EXPECT_THAT(read<Node>(R"({"spec":{"podCIDR":"10.1.0.0/24"}})").pod_cidrs,
                ElementsAre(*Prefix::parse("10.1.0.0/24")));
}

TEST(KubeNamespace, KnowsThatItIsGoing) {
    EXPECT_TRUE(read<Namespace>(R"({"status":{"phase":"Terminating"}})").is_terminating);
    const auto space = read<Namespace>(R"({"metadata":{"name":"a","labels":{"team":"x"}}})");
    EXPECT_FALSE(space.is_terminating);
    EXPECT_EQ(value_of(space.meta.labels, "team"), "x");
}

TEST(KubeQuantity, CountsThings) {
    EXPECT_EQ(parse_count("3"), 3U);
    EXPECT_EQ(parse_count("2k"), 2000U);
    EXPECT_EQ(parse_count("2Ki"), 2048U);
    EXPECT_EQ(parse_count("99999999999999999999"), ~0ULL);
    EXPECT_EQ(parse_count("20000000000T"), ~0ULL);
    for (const auto* odd : {"", "-1", "100m", "1.5", "x", "1 "}) {
        EXPECT_EQ(parse_count(odd), 0U) << odd;
    }
}

TEST(KubeNetworkPolicy, HasRulesForTheDirectionsItIsAbout) {
    const auto none = read<NetworkPolicy>(R"({"metadata": {"name": "p"}, "spec": {}})");
    EXPECT_TRUE(none.ingress);
    EXPECT_FALSE(none.egress);
    EXPECT_EQ(none.pods, LabelSelector{});
    const auto both = read<NetworkPolicy>(R"({"spec": {"egress": [{}]}})");
    EXPECT_TRUE(both.ingress);
    EXPECT_EQ(both.egress.value().size(), 1U);
    const auto egress =
        read<NetworkPolicy>(R"({"spec": {"ingress": [{}], "policyTypes": ["Egress"]}})");
    EXPECT_FALSE(egress.ingress);
    EXPECT_TRUE(egress.egress.value().empty());
}

TEST(KubeNetworkPolicy, TellsAnEmptySelectorFromNone) {
    const auto policy = read<NetworkPolicy>(R"({"spec": {
        "podSelector": {"matchLabels": {"b": "1", "a": ""}},
        "ingress": [{"from": [{"podSelector": {}}, {"namespaceSelector": {"matchExpressions":
            [{"key": "k", "operator": "NotIn", "values": ["v", "w"]}]}},
            {"ipBlock": {"cidr": "10.1.2.3/8", "except": ["10.9.0.0/16"]}}]}]}})");
    EXPECT_EQ(policy.pods.labels.at(0).first, "a");
    const auto& peers = policy.ingress->at(0).peers;
    ASSERT_EQ(peers.size(), 3U);
    EXPECT_TRUE(peers[0].pods && !peers[0].spaces);
    EXPECT_TRUE(!peers[1].pods && peers[1].spaces);
    EXPECT_EQ(peers[1].spaces->expressions.at(0).op, Operator::NotIn);
    EXPECT_EQ(peers[1].spaces->expressions.at(0).values.size(), 2U);
    EXPECT_EQ(peers[2].block->cidr.text(), "10.0.0.0/8");
    EXPECT_EQ(peers[2].block->except.at(0).text(), "10.9.0.0/16");
}

TEST(KubeNetworkPolicy, ReadsPortsAsTheyAreMeant) {
    const auto policy = read<NetworkPolicy>(R"({"spec": {"ingress": [{"ports": [{}, {"port": 80},
        {"protocol": "SCTP", "port": 80, "endPort": 90}, {"protocol": "UDP", "port": "dns"}]}]}})");
    EXPECT_THAT(policy.ingress->at(0).ports,
                ElementsAre(PolicyPort{}, PolicyPort{Protocol::Tcp, {}, 80, 80},
                            PolicyPort{Protocol::Sctp, {}, 80, 90},
                            PolicyPort{Protocol::Udp, Word("dns"), 0, 65535}));
}

TEST(KubeNetworkPolicy, LetsNobodyThroughForWhatItDoesNotUnderstand) {
    const auto policy = read<NetworkPolicy>(R"({"spec": {"ingress": [
        {"from": [{"someday": {}}, {"ipBlock": {"cidr": "10.0.0.0"}}, {"ipBlock": {}},
                  {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["x"]}},
                  {"podSelector": {"matchExpressions": [{"key": "k", "operator": "Like"}]}}],
         "ports": [{"protocol": "DCCP"}, {"port": 0}, {"port": 70000}, {"endPort": 9}]}]}})");
    const auto& rule = policy.ingress->at(0);
    EXPECT_EQ(rule.peers.size(), 5U);
    for (const auto& peer : rule.peers) {
        EXPECT_EQ(peer, PolicyPeer{});
    }
    EXPECT_EQ(rule.ports.size(), 4U);
    for (const auto& port : rule.ports) {
        EXPECT_GT(port.first, port.last);
    }
    EXPECT_TRUE(policy.is_bad);
}

TEST(KubeNetworkPolicy, TakesANullForAPeerOrAPortThatIsEmpty) {
    const auto peers = read<NetworkPolicy>(R"({"spec": {"ingress": [{"from": [null]}]}})");
    EXPECT_THAT(peers.ingress->at(0).peers, ElementsAre(PolicyPeer{}));
    EXPECT_TRUE(peers.is_bad);
    const auto ports = read<NetworkPolicy>(R"({"spec": {"ingress": [{"ports": [null]}]}})");
    EXPECT_THAT(ports.ingress->at(0).ports, ElementsAre(PolicyPort{}));
    EXPECT_FALSE(read<NetworkPolicy>(R"({"spec": {"ingress": [{}], "egress": null}})").is_bad);
}

// `part` is "NAME: VALUE" of a rule.
PolicyRule rule_with(const std::string& part) {
    const auto policy = read<NetworkPolicy>(R"({"spec": {"ingress": [{)" + part + "}]}}");
    EXPECT_TRUE(policy.is_bad) << part;
    return policy.ingress->at(0);
}

TEST(KubeNetworkPolicy, LetsNobodyThroughForPeersOfAnotherType) {
    for (
        const auto* const peers :
        {R"("all")", "{}", "true", R"(["all"])", R"([{"podSelector": "all"}])",
         R"([{"namespaceSelector": []}])", R"([{"ipBlock": "10.0.0.0/8"}])",
         R"([{"ipBlock": {"cidr": "10.0.0.0/8", "except": "10.1.0.0/16"}}])",
         R"([{"ipBlock": {"cidr": "10.0.0.0/8", "except": [10]}}])",
         R"([{"podSelector": {"matchLabels": "a=b"}}])",
         R"([{"podSelector": {"matchLabels": {"a": 1}}}])",
         R"([{"podSelector": {"matchExpressions": {}}}])",
         R"([{"podSelector": {"matchExpressions": ["a"]}}])",
         R"([{"podSelector": {"matchExpressions": [{"key": "a", "operator": "Exists", "values": "b"}]}}])"}) {
        EXPECT_THAT(rule_with(std::string(R"("from": )") + peers).peers, ElementsAre(PolicyPeer{}))
            << peers;
    }
}

TEST(KubeNetworkPolicy, LetsNobodyThroughForPortsTheApiServerWouldRefuse) {
    for (const auto* const ports :
         {R"("80")", "{}", R"(["80"])", R"([{"port": "80"}])", R"([{"port": ""}])",
          R"([{"port": "-1"}])", R"([{"port": "HTTP"}])", R"([{"port": "a--b"}])",
          R"([{"port": "-a"}])", R"([{"port": "a-name-too-long-"}])", R"([{"port": -1}])",
          R"([{"port": 80.5}])", R"([{"port": true}])", R"([{"port": [80]}])",
          R"([{"port": 80, "endPort": "90"}])", R"([{"port": 80, "endPort": 79}])",
          R"([{"port": "http", "endPort": 90}])", R"([{"protocol": 6}])",
          R"([{"protocol": ""}])"}) {
        const auto rule = rule_with(std::string(R"("ports": )") + ports);
        ASSERT_EQ(rule.ports.size(), 1U) << ports;
        EXPECT_GT(rule.ports[0].first, rule.ports[0].last) << ports;
    }
}

TEST(KubeNetworkPolicy, ClosesADirectionWhoseRulesAreOfAnotherType) {
    for (const auto* const rules : {"{}", R"("all")", R"(["all"])"}) {
        const auto policy =
            read<NetworkPolicy>(std::string(R"({"spec": {"egress": )") + rules + "}}");
        EXPECT_TRUE(policy.is_bad) << rules;
        ASSERT_TRUE(policy.egress) << rules;
        for (const auto& rule : *policy.egress) {
            EXPECT_THAT(rule.peers, ElementsAre(PolicyPeer{})) << rules;
        }
    }
}

TEST(KubeNetworkPolicy, ClosesBothDirectionsIfItsTypesAreOfAnotherType) {
    for (const auto* const types :
         {R"("Ingress")", "{}", R"(["Ingress", 1])", R"(["Ingress", null])"}) {
        const auto policy = read<NetworkPolicy>(
            std::string(R"({"spec": {"ingress": [{}], "policyTypes": )") + types + "}}");
        EXPECT_TRUE(policy.is_bad) << types;
        EXPECT_TRUE(policy.egress.value().empty()) << types;
    }
}

TEST(KubeNetworkPolicy, ClosesTheNamespaceIfItsPodsAreOfAnotherType) {
    for (const auto* const spec :
         {R"("x")", R"({"podSelector": "all"})", R"({"podSelector": {"matchLabels": ["a"]}})",
          R"({"podSelector": {"matchExpressions": "a"}, "ingress": [{}]})"}) {
        const auto policy = read<NetworkPolicy>(std::string(R"({"spec": )") + spec + "}");
        EXPECT_TRUE(policy.is_bad) << spec;
        EXPECT_EQ(policy.pods, LabelSelector{}) << spec;
        EXPECT_TRUE(policy.ingress.value().empty()) << spec;
        EXPECT_TRUE(policy.egress.value().empty()) << spec;
    }
}

TEST(KubeNetworkPolicy, MeansTheEmptyValueByANullLabel) {
    const auto policy =
        read<NetworkPolicy>(R"({"spec": {"podSelector": {"matchLabels": {"a": null}}}})");
    EXPECT_FALSE(policy.is_bad);
    ASSERT_EQ(policy.pods.labels.size(), 1U);
    EXPECT_TRUE(policy.pods.labels[0].second.empty());
}

TEST(KubeNetworkPolicy, ClosesTheNamespaceIfItCannotTellWhichPodsAreMeant) {
    const auto policy = read<NetworkPolicy>(R"({"spec": {"podSelector": {
        "matchExpressions": [{"key": "k", "operator": "Like", "values": ["x"]}]},
        "ingress": [{}], "policyTypes": ["Ingress"]}})");
    EXPECT_TRUE(policy.is_bad);
    EXPECT_EQ(policy.pods, LabelSelector{});
    EXPECT_TRUE(policy.ingress.value().empty());
    EXPECT_TRUE(policy.egress.value().empty());
}

TEST(KubeNetworkPolicy, ClosesBothDirectionsIfItCannotTellWhichIsMeant) {
    const auto policy =
        read<NetworkPolicy>(R"({"spec": {"ingress": [{}], "policyTypes": ["Ingres"]}})");
    EXPECT_TRUE(policy.is_bad);
    EXPECT_EQ(policy.ingress.value().size(), 1U);
    EXPECT_TRUE(policy.egress.value().empty());
}

TEST(KubeNetworkPolicy, CarriesNothingOverToTheNext) {
    Words words;
    const auto shape = Shape::object(members_of<NetworkPolicy>());
    ObjectSink<NetworkPolicy> sink(words, is_terway_annotation);
    JsonReader reader(shape, sink);
    reader.feed(R"({"spec": {"podSelector": {"matchLabels": {"a": "b"}}, "egress": [{}],
        "policyTypes": ["Egress"]}})");
    (void)sink.take();
    reader.feed(R"({"spec": {}})");
    const auto plain = sink.take();
    EXPECT_EQ(plain.pods, LabelSelector{});
    EXPECT_TRUE(plain.ingress.value().empty());
    EXPECT_FALSE(plain.egress);
}

}  // namespace
}  // namespace terway::kube
