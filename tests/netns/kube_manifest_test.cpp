// What is in etc/kubernetes, taken by kubectl and by an API server that counts rights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <set>

#include "kernel.hpp"
#include "kube_node.hpp"
#include "profile/profile.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using std::chrono::seconds;
using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;

constexpr seconds kLimit{20};
constexpr const char* kAccount = "system:serviceaccount:terway:terway";
// Of both manifests, as kubectl shows it: they take each other's place.
constexpr const char* kDaemonSet = "daemonset.apps/terway";
constexpr const char* kRate = "k8s.aliyun.com/ingress-bandwidth";

sim::kube::ApiOptions with_rights() {
    sim::kube::ApiOptions options;
    options.rbac = true;
    return options;
}

class KubeManifest : public testing::TestWithParam<const char*> {
protected:
    static std::string file() { return std::string(TERWAY_ETC) + "/kubernetes/" + GetParam(); }

    // "list pods" and the like: everything the role allows.
    static std::set<std::string> granted() {
        std::set<std::string> all;
        for (const auto& document : YAML::LoadAllFromFile(file())) {
            if (document["kind"].as<std::string>() != "ClusterRole") {
                continue;
            }
            for (const auto& rule : document["rules"]) {
                for (const auto& verb : rule["verbs"]) {
                    for (const auto& resource : rule["resources"]) {
                        all.insert(verb.as<std::string>() + " " + resource.as<std::string>());
                    }
                }
            }
        }
        return all;
    }

    static std::string profile_text() {
        for (const auto& document : YAML::LoadAllFromFile(file())) {
            if (document["kind"].as<std::string>() == "ConfigMap") {
                return document["data"]["profile.toml"].as<std::string>();
            }
        }
        return {};
    }
    void use_account() {
        (void)cluster_.kubectl({"apply", "-f", file()});
        cluster_.server().with([](sim::kube::Api& api) { api.users().add("account", kAccount); });
        cluster_.set_token("account");
        cluster_.give_pod_cidrs();
    }

    // What the daemon has asked for so far, and what was refused.
    struct Asked {
        std::set<std::string> all;
        std::set<std::string> refused;
    };
    Asked asked() {
        return cluster_.server().with([](sim::kube::Api& api) {
            Asked asked;
            for (const auto& entry : api.calls().entries()) {
                if (entry.caller == kAccount) {
                    asked.all.insert(entry.action);
                    if (entry.outcome == "Forbidden") {
                        asked.refused.insert(entry.action);
                    }
                }
            }
            return asked;
        });
    }

    KubeNode cluster_{with_rights()};
};

TEST_P(KubeManifest, IsTakenByKubectlAndTheServer) {
    const auto tried = cluster_.kubectl({"apply", "--dry-run=client", "-f", file()});
    EXPECT_THAT(tried, HasSubstr(std::string(kDaemonSet) + " created (dry run)"));
    EXPECT_EQ(cluster_.kubectl({"get", "daemonsets", "-A", "-o", "name"}), "");
    const auto applied = cluster_.kubectl({"apply", "--validate=true", "-f", file()});
    const std::vector<std::string> all{"namespace/terway",
                                       "serviceaccount/terway",
                                       "clusterrole.rbac.authorization.k8s.io/terway",
                                       "clusterrolebinding.rbac.authorization.k8s.io/terway",
                                       "configmap/terway",
                                       kDaemonSet};
    for (const auto& what : all) {
        EXPECT_THAT(applied, HasSubstr(what + " created"));
    }
    const auto again = cluster_.kubectl({"apply", "--dry-run=server", "-f", file()});
    EXPECT_THAT(again, HasSubstr(std::string(kDaemonSet) + " unchanged (server dry run)"));
    EXPECT_THAT(again, testing::Not(HasSubstr("configured")));
    (void)cluster_.kubectl({"delete", "--ignore-not-found", "-f", file()});
    EXPECT_EQ(cluster_.kubectl({"get", "daemonsets,configmaps", "-n", "terway", "-o", "name"}), "");
}

TEST_P(KubeManifest, GivesTheDaemonTheRightsItNeedsAndNoOthers) {
    use_account();
    // With all that it may watch.
    cluster_.node().settings().chain = "policy = \"recorder\"\n";
    cluster_.set_modules(
        "[policy]\nstartup = \"allow\"\nstartup_deadline = \"1s\"\n"
        "cluster_policies = true\n[service]\nby = \"module\"\n");
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("good");
    (void)cluster_.await_running("good");
    // Asked for directly, because the cache never has it.
    const auto probe = cluster_.node().sandbox("probe");
    CniCall call{.verb = "ADD", .container = "probe", .netns = probe->path()};
    call.args = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=nobody";
    EXPECT_TRUE(cluster_.node().cni(call).ok());
    cluster_.create("wrong", {.annotations = {{kRate, "ten"}}});
    // An event is told again, as a patch, after a minute only.
    auto awaited = granted();
    EXPECT_EQ(awaited.erase("patch events"), 1U);
    EXPECT_TRUE(eventually([&] { return asked().all == awaited; }, kLimit))
        << testing::PrintToString(asked().all) << " of " << testing::PrintToString(awaited) << "\n"
        << daemon->log();
    EXPECT_THAT(asked().refused, testing::IsEmpty());
}

TEST_P(KubeManifest, HasAPolicyModuleThatDeniesWhatPoliciesDeny) {
    profile::Diagnostics diagnostics(file());
    const auto shipped = profile::parse(profile_text(), diagnostics);
    ASSERT_TRUE(shipped) << diagnostics.print();
    use_account();
    cluster_.node().settings().chain =
        "policy = \"" + shipped->chain.policy.value_or("none") + "\"\n";
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    for (const auto* pod : {"web", "friend", "stranger"}) {
        cluster_.create(pod, {.labels = {{"access", pod == std::string("friend") ? "yes" : "no"}}});
    }
    for (const auto* pod : {"web", "friend", "stranger"}) {
        (void)cluster_.await_running(pod);
    }
    EXPECT_TRUE(cluster_.talks("stranger", "web"));
    cluster_.apply_policy("friends", R"({"podSelector": {}, "ingress": [{"from":
        [{"podSelector": {"matchLabels": {"access": "yes"}}}]}]})");
    EXPECT_TRUE(eventually([&] { return !cluster_.talks("stranger", "web"); }, kLimit));
    EXPECT_TRUE(cluster_.talks("friend", "web"));
    cluster_.remove_policy("friends");
    EXPECT_TRUE(eventually([&] { return cluster_.talks("stranger", "web"); }, kLimit));
}

INSTANTIATE_TEST_SUITE_P(Shipped, KubeManifest,
                         testing::Values("terway-vpc.yml", "terway-eniip.yml"),
                         [](const auto& tested) {
                             return std::string(tested.param) == "terway-vpc.yml" ? "Vpc" : "EniIp";
                         });

}  // namespace
}  // namespace terway::test
