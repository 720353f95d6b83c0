// The real kubectl against the server, over TLS on loopback.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "eventually.hpp"
#include "sim/kube/server.hpp"
#include "sim/process.hpp"

namespace terway::sim::kube {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Kubectl : public ::testing::Test {
protected:
    const fs::path home_ = fs::temp_directory_path() / ("simkubectl-" + std::to_string(::getpid()));
    KubeServer server_;

    void SetUp() override {
        fs::create_directories(home_);
        use_token("admin-token");
    }
    void TearDown() override { fs::remove_all(home_); }

    void use_token(const std::string& token) {
        write_file_durably(home_ / "config", server_.kubeconfig(server_.endpoint(), token), 0600);
    }
    [[nodiscard]] Command command(std::vector<std::string> words) const {
        words.insert(words.begin(), TERWAY_KUBECTL);
        return {std::move(words),
                {{"PATH", kUsualPath}, {"HOME", home_}, {"KUBECONFIG", home_ / "config"}},
                {},
                -1,
                {},
                {}};
    }
    [[nodiscard]] Outcome run(std::vector<std::string> words) const {
        return run_program(command(std::move(words)), after(std::chrono::seconds(100)));
    }
    // Expects success.
    [[nodiscard]] std::string say(std::vector<std::string> words) const {
        const Outcome outcome = run(std::move(words));
        EXPECT_EQ(outcome.exit, 0) << outcome.err;
        return outcome.out;
    }
    [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
        write_file_durably(home_ / name, text, 0600);
        return home_ / name;
    }
    [[nodiscard]] std::string pod_file(const std::string& image) const {
        return file("pod.yaml",
                    "apiVersion: v1\n"
                    "kind: Pod\n"
                    "metadata: {name: web, labels: {app: web}}\n"
                    "spec:\n"
                    "  nodeName: node-a\n"
                    "  containers:\n"
                    "  - {name: main, image: \"" +
                        image + "\"}\n");
    }
};

TEST_F(Kubectl, AppliesLabelsAndDeletes) {
    EXPECT_EQ(say({"apply", "-f", pod_file("one")}), "pod/web created\n");
    EXPECT_EQ(say({"apply", "-f", pod_file("one")}), "pod/web unchanged\n");
    EXPECT_EQ(say({"apply", "-f", pod_file("two")}), "pod/web configured\n");
    EXPECT_EQ(say({"get", "pod", "web", "-o", "jsonpath={.spec.containers[0].image}"}), "two");
    (void)say({"label", "pod", "web", "tier=front"});
    (void)say({"annotate", "pod", "web", "k8s.aliyun.com/eni=true"});
    EXPECT_THAT(say({"get", "pods", "-l", "tier=front", "-o", "name"}), "pod/web\n");
    EXPECT_THAT(say({"get", "pods", "-o", "wide"}),
                AllOf(StartsWith("NAME "), HasSubstr("NODE"), HasSubstr("node-a")));
    EXPECT_THAT(say({"describe", "pod", "web"}),
                AllOf(HasSubstr("node-a"), HasSubstr("k8s.aliyun.com/eni: true")));
    (void)say({"delete", "pod", "web", "--wait=false"});
    EXPECT_THAT(say({"get", "pods"}), HasSubstr("Terminating"));
    (void)say({"delete", "pod", "web", "--force", "--grace-period=0"});
    EXPECT_EQ(run({"get", "pod", "web"}).exit, 1);
}

TEST_F(Kubectl, DryRunsLeaveNothingBehind) {
    EXPECT_EQ(say({"apply", "--dry-run=server", "-f", pod_file("one")}),
              "pod/web created (server dry run)\n");
    EXPECT_EQ(say({"apply", "--dry-run=client", "-f", pod_file("one")}),
              "pod/web created (dry run)\n");
    EXPECT_THAT(run({"get", "pods"}).err, HasSubstr("No resources found"));
}

TEST_F(Kubectl, ShowsEveryKind) {
    for (const auto& kind : all_kinds()) {
        const std::string name = kind.qualified();
        const Outcome outcome = run({"get", name, "-A"});
        EXPECT_EQ(outcome.exit, 0) << name << ": " << outcome.err;
    }
    EXPECT_THAT(say({"api-resources"}), HasSubstr("networkpolicies"));
    EXPECT_THAT(say({"get", "namespaces"}), AllOf(HasSubstr("kube-system"), HasSubstr("Active")));
    EXPECT_THAT(say({"get", "services"}), AllOf(HasSubstr("kubernetes"), HasSubstr("443/TCP")));
}

TEST_F(Kubectl, CreatesAndDescribesANode) {
    (void)say({"create", "-f",
               file("node.yaml",
                    "apiVersion: v1\n"
                    "kind: Node\n"
                    "metadata: {name: node-a}\n"
                    "spec: {podCIDR: 10.8.0.0/24}\n"
                    "status:\n"
                    "  conditions: [{type: Ready, status: \"True\"}]\n"
                    "  addresses: [{type: InternalIP, address: 10.0.0.10}]\n")});
    EXPECT_THAT(say({"get", "nodes", "-o", "wide"}),
                AllOf(HasSubstr("Ready"), HasSubstr("10.0.0.10")));
    EXPECT_THAT(say({"describe", "node", "node-a"}), HasSubstr("10.8.0.0/24"));
    (void)say({"cordon", "node-a"});
    EXPECT_THAT(say({"get", "nodes"}), HasSubstr("SchedulingDisabled"));
}

TEST_F(Kubectl, AppliesAListOfManyKinds) {
    const std::string all = file(
        "all.yaml",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: terway, namespace: kube-system}\n"
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
        "metadata: {name: terway}\n"
        "rules: [{apiGroups: [\"\"], resources: [pods], verbs: [get]}]\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: kube-system}\n"
        "data: {a: b}\n"
        "---\napiVersion: apps/v1\nkind: DaemonSet\n"
        "metadata: {name: terway, namespace: kube-system}\n"
        "spec:\n  selector: {matchLabels: {app: terway}}\n  template:\n"
        "    metadata: {labels: {app: terway}}\n"
        "    spec: {containers: [{name: daemon, image: terway}]}\n"
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: deny}\nspec: {podSelector: {}}\n");
    EXPECT_THAT(say({"apply", "--dry-run=server", "-f", all}),
                HasSubstr("daemonset.apps/terway created (server dry run)"));
    EXPECT_THAT(say({"apply", "-f", all}),
                HasSubstr("networkpolicy.networking.k8s.io/deny created"));
    EXPECT_THAT(say({"apply", "-f", all}), Not(HasSubstr("configured")));
    (void)say({"delete", "-f", all});
    EXPECT_EQ(run({"get", "networkpolicy", "deny"}).exit, 1);
}

TEST_F(Kubectl, WatchesWhatHappens) {
    (void)say({"apply", "-f", pod_file("one")});
    const std::string out = home_ / "watched";
    const Fd sink(::open(out.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const Process watching(command({"get", "pods", "--watch", "-o", "name"}), sink.get());
    const auto lines = [&] { return read_file(out); };
    ASSERT_TRUE(test::eventually([&] { return lines() == "pod/web\n"; }, std::chrono::seconds(60)));
    (void)say({"label", "pod", "web", "seen=yes"});
    EXPECT_TRUE(test::eventually([&] { return lines() == "pod/web\npod/web\n"; },
                                 std::chrono::seconds(60)));
}

TEST_F(Kubectl, WaitsUntilADeletedPodIsGone) {
    (void)say({"apply", "-f", pod_file("one")});
    Process deleting(command({"delete", "pod", "web"}));
    ASSERT_TRUE(test::eventually(
        [&] {
            return server_.with([](Api& api) {
                const auto pod = api.store().find("pods", {"default", "web"});
                return pod && !meta_text(pod->value, "deletionTimestamp").empty();
            });
        },
        std::chrono::seconds(60)));
    server_.with([](Api& api) { (void)api.cluster().finish_deleted(wall_now(), true); });
    EXPECT_EQ(deleting.wait(after(std::chrono::seconds(60))), 0);
}

TEST_F(Kubectl, IsRefusedWithoutRights) {
    server_.with([](Api& api) {
        api.options().rbac = true;
        api.users().add("weak", "system:serviceaccount:default:weak");
    });
    use_token("weak");
    EXPECT_THAT(run({"get", "pods"}).err, HasSubstr("pods is forbidden"));
    EXPECT_EQ(run({"auth", "can-i", "list", "pods"}).out, "no\n");
    use_token("wrong");
    EXPECT_NE(run({"get", "pods"}).exit, 0);
}

TEST_F(Kubectl, KnowsItselfByACertificate) {
    const auto mine = server_.client_certificate("root", "system:masters");
    const std::string certificate = file("me.pem", mine.certificate);
    const std::string key = file("me.key", mine.key);
    use_token("");
    (void)say({"get", "pods", "--client-certificate=" + certificate, "--client-key=" + key});
    EXPECT_NE(run({"get", "pods"}).exit, 0);
}

}  // namespace
}  // namespace terway::sim::kube
