// The whole with policy-bpf: pods of the simulated Kubernetes API, their policies and Services, and
// what packets make of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "kube_node.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr seconds kLimit{20};
constexpr std::uint16_t kTarget = 8080;
constexpr const char* kVip = "172.21.0.80";
constexpr const char* kDenyAll = R"({"podSelector": {}, "policyTypes": ["Ingress"]})";
constexpr const char* kFromClients = R"({"podSelector": {"matchLabels": {"app": "web"}},
    "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}]})";

class KubeBpf : public testing::Test {
protected:
    KubeBpf() {
        cluster_.give_pod_cidrs();
        node().settings().pod_cidrs = {"172.20.1.0/24", "fd00:20:1::/64"};
        node().settings().chain = "policy = \"policy-bpf\"\n";
        cluster_.set_modules(
            "pod_wait = \"0s\"\n[service]\nby = \"module\"\n"
            "[module.policy-bpf]\nmax_connections = 4096\n");
        cluster_.put("services", "web",
                     R"({"spec": {"clusterIP": "172.21.0.80",
                         "ports": [{"port": 80, "protocol": "UDP"}]}})");
    }
    ~KubeBpf() override {  // what is pinned would outlive the node's namespace
        struct stat facts {};
        if (::fstat(cluster_.node().fd(), &facts) == 0) {
            std::error_code ignored;
            std::filesystem::remove_all("/sys/fs/bpf/terway/net-" + std::to_string(facts.st_ino),
                                        ignored);
        }
    }
    Node& node() { return cluster_.node(); }
    void say_endpoints(const IpAddress& of) {
        cluster_.put("endpointslices.discovery.k8s.io", "web-1",
                     R"({"metadata": {"labels": {"kubernetes.io/service-name": "web"}},
                         "addressType": "IPv4", "ports": [{"port": 8080, "protocol": "UDP"}],
                         "endpoints": [{"addresses": [")" +
                         of.text() + "\"]}]}");
    }
    int netns_of(const std::string& pod) {
        return cluster_.kubelet().sandbox("default", pod)->fd();
    }
    // By a datagram to the Service and its answer.
    bool reaches_service(const std::string& from) {
        const Udp server(netns_of("web"), cluster_.addresses("web").front(), kTarget);
        const Udp client(netns_of(from), cluster_.addresses(from).front(), 0);
        client.send(IpAddress::parse(kVip).value(), 80, "ask");
        const auto asked = server.receive(milliseconds(500));
        if (!asked) {
            return false;
        }
        server.send(asked->from, asked->port, "answer");
        const auto answer = client.receive(milliseconds(500));
        return answer && answer->from == IpAddress::parse(kVip);
    }
    bool comes_to_reach(const std::string& from, bool wanted = true) {
        return eventually([&] { return reaches_service(from) == wanted; }, kLimit);
    }

    KubeNode cluster_;
};

TEST_F(KubeBpf, APodReachesAServiceWhoseBackendsPoliciesLetItIn) {
    cluster_.apply_policy("deny", kDenyAll);
    cluster_.apply_policy("clients", kFromClients);
    auto daemon = cluster_.start_daemon();
    cluster_.start_kubelet();
    cluster_.create("web", {.labels = {{"app", "web"}}});
    cluster_.create("client", {.labels = {{"app", "client"}}});
    cluster_.create("other");
    say_endpoints(cluster_.await_running("web"));
    (void)cluster_.await_running("client");
    (void)cluster_.await_running("other");
    EXPECT_TRUE(comes_to_reach("client")) << daemon->log();
    EXPECT_FALSE(reaches_service("other"));
    cluster_.label("other", "app", "client");
    EXPECT_TRUE(comes_to_reach("other")) << daemon->log();
    EXPECT_THAT(node().ctl({"service", "list"}).out, HasSubstr(kVip));
    EXPECT_THAT(node().ctl({"policy", "counters"}).out, HasSubstr("web"));
    EXPECT_EQ(node().ctl({"check"}).exit, 0) << node().ctl({"check"}).out;

    // While no daemon runs, and after the next one has taken over.
    daemon->kill();
    EXPECT_TRUE(reaches_service("client"));
    daemon = cluster_.start_daemon();
    EXPECT_TRUE(reaches_service("client"));
    cluster_.label("other", "app", "none");
    EXPECT_TRUE(comes_to_reach("other", false)) << daemon->log();
    EXPECT_TRUE(reaches_service("client"));
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

}  // namespace
}  // namespace terway::test
