#include "endpoint/pod_facts.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cni/failure.hpp"

namespace terway::endpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

cni::Request request(const std::string& args, const std::string& more,
                     const std::string& verb = "ADD") {
    return cni::parse_request(
        {{{"CNI_COMMAND", verb},
          {"CNI_CONTAINERID", "c1"},
          {"CNI_NETNS", "/n"},
          {"CNI_IFNAME", "eth0"},
          {"CNI_PATH", "/p"},
          {"CNI_ARGS", args}},
         R"({"cniVersion": "1.0.0", "name": "n", "type": "terway")" + more + "}"});
}

PodFacts facts(const std::string& args, const std::string& more) {
    return RequestPodSource().facts(request(args, more), {});
}

TEST(PodFacts, ComeFromTheRequestWhereThereIsNoKubernetes) {
    const auto pod = facts(
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=prod;K8S_POD_NAME=web-0;"
        "TERWAY_RESOURCES=aliyun/eni,other/thing:2",
        R"(, "runtimeConfig": {"io.kubernetes.cri.pod-annotations": {"k8s.aliyun.com/x": "y"}},
           "args": {"cni": {"labels": [{"key": "app", "value": "web"}, {"key": "canary"}]},
                    "terway": {"resources": {"aliyun/eni": 3, "third/one": 1}}})");
    EXPECT_EQ(pod.pod_namespace, "prod");
    EXPECT_EQ(pod.name, "web-0");
    EXPECT_THAT(pod.annotations, ElementsAre(Pair("k8s.aliyun.com/x", "y")));
    EXPECT_THAT(pod.labels, ElementsAre(Pair("app", "web"), Pair("canary", "")));
    EXPECT_THAT(pod.resources,
                ElementsAre(Pair("aliyun/eni", 1), Pair("other/thing", 2), Pair("third/one", 1)));
}

TEST(PodFacts, AreEmptyForAPodOfWhichNothingIsSaid) {
    EXPECT_EQ(facts("", ""), PodFacts{});
}

struct Malformed {
    const char* args;
    const char* more;
    const char* complaint;
};

TEST(PodFacts, ThatAreMalformedFailAnAddAndNoDel) {
    const Malformed all[] = {
        {"TERWAY_RESOURCES=aliyun/eni:one", "", "TERWAY_RESOURCES: \"aliyun/eni:one\" is no "},
        {"TERWAY_RESOURCES=aliyun/eni:", "", "TERWAY_RESOURCES: \"aliyun/eni:\" is no resource"},
        {"TERWAY_RESOURCES=:1", "", "TERWAY_RESOURCES: \":1\" is no resource"},
        {"TERWAY_RESOURCES=aliyun/eni=1", "", "aliyun/eni=1"},
        {"TERWAY_RESOURCES=aliyun/eni:-1", "", "aliyun/eni:-1"},
        {"", R"(, "args": {"cni": {"labels": {"app": "web"}}})", "args.cni.labels: not an array"},
        {"", R"(, "args": {"cni": {"labels": [{"value": "web"}]}})",
         "args.cni.labels[0].key: a label needs a key"},
        {"", R"(, "args": {"cni": {"labels": [{"key": "a", "value": 1}]}})",
         "args.cni.labels[0].value: not a string"},
        {"", R"(, "args": {"terway": {"resources": ["aliyun/eni"]}})",
         "args.terway.resources: not an object"},
        {"", R"(, "args": {"terway": {"resources": {"aliyun/eni": "1"}}})",
         "args.terway.resources.aliyun/eni: not a whole number"},
    };
    for (const auto& each : all) {
        try {
            (void)facts(each.args, each.more);
            ADD_FAILURE() << each.args << each.more;
        } catch (const cni::CniError& error) {
            EXPECT_THAT(error.what(), testing::HasSubstr(each.complaint));
        }
        EXPECT_NO_THROW((void)request(each.args, each.more, "DEL")) << each.args << each.more;
    }
}

profile::ChainConditions when() {
    return {};
}

TEST(Conditions, HoldOnlyAllTogether) {
    PodFacts pod;
    pod.pod_namespace = "kube-system";
    pod.labels = {{"app", "dns"}, {"empty", ""}};
    pod.annotations = {{"a/b", "c"}};
    pod.resources = {{"aliyun/eni", 1}, {"none", 0}};

    auto all = when();
    all.pod_namespace = "kube-*";
    all.label = profile::KeyCondition{"app", "dns"};
    all.annotation = profile::KeyCondition{"a/b", std::nullopt};
    all.resource = "aliyun/eni";
    EXPECT_TRUE(holds(all, pod));
    for (auto* member : {&all.resource, &all.pod_namespace}) {
        auto broken = *member;
        std::swap(*member, broken = "other");
        EXPECT_FALSE(holds(all, pod));
        std::swap(*member, broken);
    }
    EXPECT_TRUE(holds(all, pod));
    all.label->value = "web";
    EXPECT_FALSE(holds(all, pod));
    all.label = profile::KeyCondition{"empty", ""};
    EXPECT_TRUE(holds(all, pod));
    all.annotation->key = "a";
    EXPECT_FALSE(holds(all, pod));
    all.annotation.reset();
    all.resource = "none";
    EXPECT_FALSE(holds(all, pod)) << "asks for none of it";
}

TEST(Conditions, ThatNameANamespaceHoldForNoPodWithoutOne) {
    auto one = when();
    one.pod_namespace = "kube-*";
    EXPECT_FALSE(holds(one, PodFacts{}));
    one.pod_namespace = "*";
    EXPECT_TRUE(holds(one, PodFacts{}));
}

TEST(Choosing, TakesTheFirstRuleThatHoldsAndElseTheChain) {
    profile::Profile profile;
    profile.chain.dataplane = "base";
    for (const auto* each : {"prod", "p*"}) {
        profile::ChainRule rule;
        rule.when.pod_namespace = each;
        rule.chain.dataplane = each;
        profile.rules.push_back(rule);
    }
    const auto chosen = [&](const char* pod_namespace) {
        PodFacts pod;
        pod.pod_namespace = pod_namespace;
        const auto choice = choose(profile, pod);
        return choice.chain.dataplane + (choice.rule ? std::to_string(*choice.rule) : "");
    };
    EXPECT_EQ(chosen("prod"), "prod0");
    EXPECT_EQ(chosen("play"), "p*1");
    EXPECT_EQ(chosen("test"), "base");
}

}  // namespace
}  // namespace terway::endpoint
