// NetworkPolicies from the API server to the policy module, and what pods wait for.
#include <fcntl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "kube_node.hpp"
#include "stream.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr seconds kLimit{20};
constexpr const char* kDenyAll = R"({"podSelector": {}, "policyTypes": ["Ingress"]})";
constexpr const char* kAllowAll = R"({"podSelector": {}, "ingress": [{}]})";
constexpr const char* kAdminDeny = R"({"tier": "Admin", "priority": 5,
    "subject": {"namespaces": {}},
    "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]})";
constexpr const char* kOfBlue = R"({"podSelector": {"matchLabels": {"color": "blue"}}})";

std::vector<std::string> lines_of(const std::string& file) {
    std::ifstream in(file);
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) {
        all.push_back(line);
    }
    return all;
}

class KubePolicy : public testing::Test {
protected:
    KubePolicy() {
        cluster_.give_pod_cidrs();
        node().settings().pod_cidrs = {"172.20.1.0/24", "fd00:20:1::/64"};
        node().settings().chain = "policy = \"recorder\"\n";
        wait_for_policies("deny", "60s");
    }
    void wait_for_policies(const std::string& startup, const std::string& deadline,
                           const std::string& more = "") {
        cluster_.set_modules("pod_wait = \"0s\"\n[policy]\nstartup = \"" + startup +
                             "\"\nstartup_deadline = \"" + deadline + "\"\n" + more +
                             "[module.recorder]\nlog = \"" + log_file() + "\"\nfail = \"" +
                             node().files() / "fail" + "\"\n");
    }
    Node& node() { return cluster_.node(); }
    std::string log_file() { return node().files() / "recorder"; }
    std::vector<std::string> told() { return lines_of(log_file()); }
    // The latest rules of a pod; empty if nothing was said of it.
    std::string rules(const std::string& pod) {
        std::string last;
        for (const auto& line : told()) {
            std::istringstream words(line);
            for (std::string word; words >> word;) {
                if (word.starts_with("default/" + pod + "=")) {
                    last = word.substr(word.find('=') + 1);
                }
            }
        }
        return last;
    }
    bool gets(const std::string& pod, const std::string& wanted) {
        return eventually([&] { return rules(pod) == wanted; }, kLimit);
    }
    CniReply add(const std::string& pod, const Sandbox& sandbox, const std::string& uid = "") {
        CniCall call{.verb = "ADD", .container = pod, .netns = sandbox.path()};
        call.args = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + pod +
                    (uid.empty() ? "" : ";K8S_POD_UID=" + uid);
        return node().cni(call);
    }
    std::string metric(const std::string& name) {
        std::istringstream page(node().http("/metrics"));
        for (std::string line; std::getline(page, line);) {
            if (line.starts_with(name + " ")) {
                return line.substr(name.size() + 1, line.find_last_not_of("\r") - name.size());
            }
        }
        return "";
    }
    void watch_cluster_policies(const std::string& deadline = "60s") {
        wait_for_policies("deny", deadline, "cluster_policies = true\n");
    }
    // What the server answers as long as there is no CustomResourceDefinition.
    void forget_cluster_policies() {
        cluster_.server().with([](sim::kube::Api& api) {
            api.faults().add({.action = "list clusternetworkpolicies",
                              .code = "NotFound",
                              .status = 404,
                              .message = "the server could not find the requested resource"});
        });
    }
    void learn_cluster_policies() {
        cluster_.server().with([](sim::kube::Api& api) { api.faults().clear(); });
    }
    void cut_off() {
        cluster_.server().set_down(true);
        cluster_.server().close_connections();
    }

    KubeNode cluster_;
};

TEST_F(KubePolicy, APodsRulesAreInForceBeforeItsFirstPacket) {
    cluster_.apply_policy("deny", kDenyAll);
    const auto log = node().files() / "checkpoints";
    const auto daemon = cluster_.start_daemon({{"TERWAY_CHECKPOINT_LOG", log}});
    cluster_.start_kubelet();
    cluster_.create("web");
    (void)cluster_.await_running("web");
    EXPECT_EQ(rules("web"), "default/deny");
    auto steps = lines_of(log);
    steps.erase(steps.begin(), std::find(steps.begin(), steps.end(), "add.policy_attached"));
    const auto place = [&](const char* step) {
        return std::find(steps.begin(), steps.end(), step) - steps.begin();
    };
    EXPECT_LT(place("policy.applied"), place("add.rules_awaited"));
    EXPECT_LT(place("add.rules_awaited"), place("add.activated"));
    EXPECT_LT(place("add.activated"), static_cast<std::ptrdiff_t>(steps.size()));
    EXPECT_THAT(cluster_.events("web"), Not(Contains(HasSubstr("NetworkPolicyNotReady"))));
}

TEST_F(KubePolicy, TraceSaysLiveWhatIsAllowedAndWhatIsDenied) {
    node().settings().chain = "policy = \"policy-felix\"\n";
    cluster_.set_modules("pod_wait = \"0s\"\n[policy]\nstartup = \"deny\"\n");
    cluster_.apply_policy("deny", kDenyAll);
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("web");
    cluster_.create("client");
    const auto web = cluster_.await_running("web").text();
    const auto client = cluster_.await_running("client").text();
    const auto trace = [&](const std::vector<std::string>& more) {
        const std::string file = node().files() / "trace";
        const Fd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        auto words = more;
        words.insert(words.begin(), {"policy", "trace"});
        const auto running = node().start_ctl(words, out.get());
        EXPECT_TRUE(eventually([&] { return !lines_of(file).empty(); }, kLimit)) << daemon->log();
        EXPECT_THAT(lines_of(file), Contains(HasSubstr("listening")));
        EXPECT_FALSE(cluster_.talks("client", "web"));
        EXPECT_TRUE(eventually(
            [&] {
                const auto told = lines_of(file);
                return std::any_of(told.begin(), told.end(), [&](const auto& each) {
                    return each.find("default/web") != std::string::npos &&
                           each.find(web) != std::string::npos;
                });
            },
            kLimit));
        running->signal(SIGINT);
        EXPECT_TRUE(running->wait(after(patience(kProgramLimit))));
        return lines_of(file);
    };
    const auto all = trace({});
    EXPECT_THAT(all,
                Contains(testing::AllOf(HasSubstr("Z ALLOWED egress  default/client " + client),
                                        HasSubstr(" -> default/web " + web))));
    EXPECT_THAT(all,
                Contains(testing::AllOf(HasSubstr("Z DENIED  ingress default/client " + client),
                                        HasSubstr(" -> default/web " + web))));
    EXPECT_THAT(trace({"--denied", "default/web"}), Not(Contains(HasSubstr("ALLOWED"))));
    EXPECT_THAT(trace({"-o", "json", "--denied"}),
                Contains(testing::AllOf(HasSubstr(R"("verdict":"denied")"),
                                        HasSubstr(R"("to_pod":"default/web")"))));
    EXPECT_EQ(node().ctl({"policy", "tracex"}).exit, 2);
    EXPECT_THAT(node().ctl({"policy", "trace", "a", "b"}).err, HasSubstr("one NAMESPACE/POD"));
}

TEST_F(KubePolicy, RulesFollowPoliciesLabelsAndPods) {
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("web", {.labels = {{"color", "blue"}}});
    (void)cluster_.await_running("web");
    EXPECT_EQ(rules("web"), "open");
    cluster_.apply_policy("blue", kOfBlue);
    EXPECT_TRUE(gets("web", "default/blue"));
    cluster_.apply_policy("deny", kDenyAll);
    EXPECT_TRUE(gets("web", "default/blue,default/deny"));
    cluster_.remove_policy("blue");
    EXPECT_TRUE(gets("web", "default/deny"));
    cluster_.remove_policy("deny");
    EXPECT_TRUE(gets("web", "open"));
}

TEST_F(KubePolicy, APodThatComesBackUnderItsNameHasTheRulesOfItsNewLabels) {
    cluster_.apply_policy("blue", kOfBlue);
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("web", {.labels = {{"color", "blue"}}});
    (void)cluster_.await_running("web");
    EXPECT_EQ(rules("web"), "default/blue");
    cluster_.remove("web", 0);
    EXPECT_TRUE(eventually([&] { return cluster_.pod("web").empty(); }, kLimit));
    cluster_.create("web", {.labels = {{"color", "red"}}});
    (void)cluster_.await_running("web");
    EXPECT_EQ(rules("web"), "open");
}

TEST_F(KubePolicy, APodIsClosedAsLongAsTheApiServerIsAway) {
    wait_for_policies("deny", "200ms");
    cluster_.apply_policy("deny", kDenyAll);
    const auto uid = cluster_.create("web");
    cut_off();
    const auto daemon = cluster_.start_daemon();
    const auto sandbox = node().sandbox("web");
    ASSERT_TRUE(add("web", *sandbox, uid).ok()) << daemon->log();
    EXPECT_THAT(told(), ElementsAre("attach default/web"));
    EXPECT_EQ(metric("terway_policy_closed_endpoints"), "1");

    cluster_.server().set_down(false);
    EXPECT_TRUE(gets("web", "default/deny")) << daemon->log();
    EXPECT_TRUE(
        eventually([&] { return metric("terway_policy_closed_endpoints") == "0"; }, kLimit));
    EXPECT_TRUE(eventually(
        [&] {
            return testing::Matches(Contains(StartsWith("Warning NetworkPolicyNotReady: ")))(
                cluster_.events("web"));
        },
        seconds(60)));
}

TEST_F(KubePolicy, APodThatTheApiServerNeverHadIsClosedAndTheListSaysWhy) {
    wait_for_policies("deny", "200ms");
    const auto daemon = cluster_.start_daemon();
    const auto sandbox = node().sandbox("ghost");
    ASSERT_TRUE(add("ghost", *sandbox, "uid-1").ok()) << daemon->log();
    std::string list;
    EXPECT_TRUE(eventually(
        [&] {
            const auto asked = node().ctl({"policy", "list"});
            list = asked.out;
            return asked.exit == 3 && list.find(
                                          "closed: default/ghost: the API server knows no "
                                          "pod default/ghost") != std::string::npos;
        },
        kLimit))
        << list;
}

TEST_F(KubePolicy, APodIsOpenThenWhereTheProfileSaysSo) {
    wait_for_policies("allow", "200ms");
    cluster_.apply_policy("deny", kDenyAll);
    const auto uid = cluster_.create("web");
    cut_off();
    const auto daemon = cluster_.start_daemon();
    const auto sandbox = node().sandbox("web");
    ASSERT_TRUE(add("web", *sandbox, uid).ok()) << daemon->log();
    EXPECT_THAT(told(), ElementsAre("attach default/web", "apply full default/web=open"));
    EXPECT_EQ(metric("terway_policy_closed_endpoints"), "0");
    cluster_.server().set_down(false);
    EXPECT_TRUE(gets("web", "default/deny")) << daemon->log();
}

TEST_F(KubePolicy, ADelEndsAnAddThatWaitsForItsPolicies) {
    cut_off();
    const auto daemon = cluster_.start_daemon();
    const auto sandbox = node().sandbox("web");
    auto adding = std::async(std::launch::async, [&] { return add("web", *sandbox); });
    EXPECT_TRUE(eventually([&] { return testing::Matches(Contains("attach default/web"))(told()); },
                           kLimit));
    EXPECT_TRUE(node().del("web", *sandbox).ok());
    const auto added = adding.get();
    EXPECT_FALSE(added.ok());
    EXPECT_THAT(added.message(), HasSubstr("removed while it waited for its policies"));
    EXPECT_TRUE(node().ctl_json("endpoints").as_array().empty());
}

TEST_F(KubePolicy, OldRulesStayAfterARestartUntilAllPoliciesAreKnown) {
    cluster_.apply_policy("deny", kDenyAll);
    auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("web");
    (void)cluster_.await_running("web");
    daemon->kill();
    daemon.reset();
    cluster_.remove_policy("deny");
    cluster_.apply_policy("other", kDenyAll);
    cut_off();
    const auto before = told().size();
    daemon = cluster_.start_daemon();
    // An endpoint of no pod is told of at once: so the service runs, and said nothing of the other.
    const auto sandbox = node().sandbox("bare");
    ASSERT_TRUE(node().add("bare", *sandbox).ok()) << daemon->log();
    const auto all = told();
    EXPECT_THAT(
        std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(before), all.end()),
        ElementsAre("adopt default/web", "attach /", "apply difference /=open"));
    cluster_.server().set_down(false);
    EXPECT_TRUE(gets("web", "default/other")) << daemon->log();
}

TEST_F(KubePolicy, WhatAModuleRefusesIsToldAgainWithEverything) {
    cluster_.apply_policy("deny", kDenyAll);
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("web");
    (void)cluster_.await_running("web");
    std::ofstream(node().files() / "fail") << "";
    cluster_.apply_policy("other", kDenyAll);
    EXPECT_TRUE(
        eventually([&] { return daemon->logged("policies could not be put in force"); }, kLimit));
    std::filesystem::remove(node().files() / "fail");
    EXPECT_TRUE(gets("web", "default/deny,default/other"));
    EXPECT_THAT(told().back(), StartsWith("apply full "));
    EXPECT_TRUE(eventually([&] { return daemon->logged("policies are in force again"); }, kLimit));
}

TEST_F(KubePolicy, TerwayctlListsExplainsAndCounts) {
    cluster_.apply_policy("blue", kOfBlue);
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("web", {.labels = {{"color", "blue"}}});
    cluster_.create("red");
    (void)cluster_.await_running("web");
    (void)cluster_.await_running("red");

    const auto list = node().ctl({"policy", "list"});
    EXPECT_EQ(list.exit, 0) << list.err;
    EXPECT_THAT(list.out, HasSubstr("default/blue"));
    EXPECT_THAT(list.out, HasSubstr("default/web"));
    const auto denied = node().ctl({"policy", "explain", "default/red", "default/web", "80/tcp"});
    EXPECT_EQ(denied.exit, 0) << denied.err;
    EXPECT_THAT(denied.out, HasSubstr("80/TCP: DENIED"));
    EXPECT_THAT(denied.out, HasSubstr("isolated by default/blue; no rule has the peer"));
    const auto allowed = node().ctl({"policy", "explain", "default/web", "default/red", "80/tcp"});
    EXPECT_THAT(allowed.out, HasSubstr("80/TCP: allowed"));
    const auto unknown = node().ctl({"policy", "explain", "default/no", "default/red", "80/tcp"});
    EXPECT_EQ(unknown.exit, 1);
    EXPECT_THAT(unknown.err, HasSubstr("nobody knows such a pod"));
    const auto counted = node().ctl_json("policy counters");
    EXPECT_EQ(counted.at("endpoints").as_array().size(), 2U);
    EXPECT_EQ(counted.at("policies").at(0).at("policy"), "default/blue");
    EXPECT_EQ(counted.at("policies").at(0).at("ingress").at("denied"), 3);
}

TEST_F(KubePolicy, ADenyOfTheAdminTierBeatsAPolicyThatAllows) {
    watch_cluster_policies();
    cluster_.apply_policy("all", kAllowAll);
    cluster_.apply_cluster_policy("guard", kAdminDeny);
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("web");
    cluster_.create("red");
    (void)cluster_.await_running("web");
    (void)cluster_.await_running("red");
    EXPECT_EQ(rules("web"), "guard,default/all");
    const auto ask = [&] {
        return node().ctl({"policy", "explain", "default/red", "default/web", "80/tcp"});
    };
    const auto denied = ask();
    EXPECT_EQ(denied.exit, 0) << denied.out << denied.err;
    EXPECT_THAT(denied.out, HasSubstr("80/TCP: DENIED"));
    EXPECT_THAT(denied.out, HasSubstr("cluster policy guard of the Admin tier denies it by its "
                                      "ingress rule number 1"));
    const auto list = node().ctl({"policy", "list"});
    EXPECT_EQ(list.exit, 0) << list.err;
    EXPECT_THAT(list.out, testing::ContainsRegex("guard +Admin 5 +ingress +default/red"));
    EXPECT_THAT(list.out, testing::ContainsRegex("default/all +NetworkPolicy +ingress"));
    EXPECT_LT(list.out.find("guard"), list.out.find("default/all")) << list.out;

    cluster_.remove_cluster_policy("guard");
    EXPECT_TRUE(gets("web", "default/all"));
    const auto allowed = ask();
    EXPECT_EQ(allowed.exit, 0) << allowed.out << allowed.err;
    EXPECT_THAT(allowed.out, HasSubstr("80/TCP: allowed"));
}

TEST_F(KubePolicy, ClusterPoliciesAreNotEvenAskedForWhereTheProfileDoesNotSaySo) {
    cluster_.apply_policy("all", kAllowAll);
    cluster_.apply_cluster_policy("guard", kAdminDeny);
    const auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("web");
    (void)cluster_.await_running("web");
    EXPECT_EQ(rules("web"), "default/all");
    cluster_.server().with([](sim::kube::Api& api) {
        for (const auto& entry : api.calls().entries()) {
            EXPECT_THAT(entry.action, Not(HasSubstr("clusternetworkpolicies")));
        }
    });
}

TEST_F(KubePolicy, AServerThatDoesNotKnowClusterPoliciesIsWaitedFor) {
    watch_cluster_policies("200ms");
    forget_cluster_policies();
    cluster_.apply_policy("all", kAllowAll);
    cluster_.apply_cluster_policy("guard", kAdminDeny);
    const auto uid = cluster_.create("web");
    const auto daemon = cluster_.start_daemon();
    const auto sandbox = node().sandbox("web");
    ASSERT_TRUE(add("web", *sandbox, uid).ok()) << daemon->log();
    EXPECT_THAT(told(), ElementsAre("attach default/web"));
    EXPECT_TRUE(eventually(
        [&] { return daemon->logged("the API server does not know clusternetworkpolicies"); },
        kLimit));
    const auto status = node().ctl({"status"});
    EXPECT_NE(status.exit, 0);
    EXPECT_THAT(status.out, HasSubstr("policies are not known"));
    EXPECT_THAT(status.out, HasSubstr("is their CustomResourceDefinition installed?"));

    learn_cluster_policies();
    EXPECT_TRUE(eventually([&] { return rules("web") == "guard,default/all"; }, seconds(60)))
        << daemon->log();
    EXPECT_TRUE(eventually([&] { return node().ctl({"status"}).exit == 0; }, kLimit));
}

TEST_F(KubePolicy, IsRefusedWhereThereIsNoApiServer) {
    Node plain;
    plain.settings().chain = "policy = \"recorder\"\n";
    const auto daemon = plain.launch();
    EXPECT_FALSE(daemon->serves());
    EXPECT_EQ(daemon->wait(), 2);
    EXPECT_THAT(daemon->log(), HasSubstr("policy \"recorder\" needs the API server"));
}

}  // namespace
}  // namespace terway::test
