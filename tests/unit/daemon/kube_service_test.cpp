// The daemon's side of Kubernetes, with an API server that is not real.
#include "daemon/kube_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <mutex>

#include "../kube/api_server.hpp"

namespace terway::daemon {
namespace {

using namespace std::chrono_literals;
using kube::Directory;
using kube::eventually;
using kube::Feed;
using kube::Identity;
using kube::Received;
using kube::Reply;
using testing::ElementsAre;
using testing::HasSubstr;

// Knows one node and some pods; remembers what it is told.
class ApiServer {
public:
    ApiServer() : server_([this](const Received& received) { return answer(received); }, &tls_) {}

    // In the list of local pods.
    std::vector<std::string> listed;
    // By name, for those who ask for one.
    std::map<std::string, std::string> known;
    std::string node = R"({"metadata":{"name":"n1","resourceVersion":"1"},
                           "spec":{"podCIDRs":["172.20.1.0/24"]}})";
    std::atomic<bool> away = false;
    std::atomic<bool> knows_cluster_policies = true;

    // The service's configuration; the file is in that directory.
    std::string kubeconfig(const Directory& directory) {
        const auto path = directory.at("kubeconfig");
        std::ofstream(path) << "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
                               "clusters: [{name: k, cluster: {server: '"
                            << server_.url() << "', certificate-authority: '" << tls_.authority()
                            << "'}}]\nusers: [{name: u, user: {token: t}}]\n"
                               "contexts: [{name: c, context: {cluster: k, user: u}}]\n";
        return path;
    }
    // The bodies sent with that method to targets that contain the text.
    [[nodiscard]] std::vector<std::string> sent(const std::string& method,
                                                const std::string& target) const {
        std::vector<std::string> bodies;
        for (const auto& received : server_.requests()) {
            if (received.method == method && received.target.find(target) != std::string::npos) {
                bodies.push_back(received.body);
            }
        }
        return bodies;
    }

private:
    Reply answer(const Received& received) {
        if (away) {
            return {503, kube::status_json(503, "ServiceUnavailable", "away")};
        }
        if (received.method != "GET") {
            return {received.method == "POST" ? 201 : 200, "{}"};
        }
        if (kube::is_watch(received)) {
            Reply reply;
            reply.feed = std::make_shared<Feed>();
            feeds_.push_back(reply.feed);
            return reply;
        }
        if (received.target.starts_with("/api/v1/pods")) {
            return {200, kube::list_json(listed, "7")};
        }
        if (received.target.starts_with("/api/v1/nodes")) {
            return {200, R"({"kind":"NodeList","metadata":{"resourceVersion":"7"},"items":[)" +
                             node + "]}"};
        }
        if (received.target.starts_with("/api/v1/namespaces?")) {
            return {200, kube::list_json({R"({"metadata":{"name":"default"}})"}, "7")};
        }
        if (received.target.starts_with("/apis/networking.k8s.io/v1/networkpolicies?")) {
            return {200, kube::list_json({kube::pod_json("deny", "3")}, "7")};
        }
        if (received.target.starts_with("/api/v1/services?")) {
            return {200, kube::list_json({R"({"metadata":{"namespace":"shop","name":"web"},"spec":
                {"clusterIPs":["10.96.0.1"],"ports":[{"port":80}]}})"},
                                         "7")};
        }
        if (received.target.starts_with("/apis/discovery.k8s.io/v1/endpointslices?")) {
            return {200,
                    kube::list_json({R"({"metadata":{"namespace":"shop","name":"web-1","labels":
                {"kubernetes.io/service-name":"web"}},"addressType":"IPv4","ports":[{"port":8080}],
                "endpoints":[{"addresses":["10.0.0.1"]}]})"},
                                    "7")};
        }
        if (received.target.starts_with("/apis/policy.networking.k8s.io/")) {
            return knows_cluster_policies
                       ? Reply{200, kube::list_json({R"({"metadata":{"name":"guard"}})"}, "7")}
                       : Reply{404, "404 page not found\n"};
        }
        const auto name = received.target.substr(received.target.rfind('/') + 1);
        const auto found = known.find(name.substr(0, name.find('?')));
        return found == known.end() ? Reply{404, kube::status_json(404, "NotFound", "none")}
                                    : Reply{200, found->second};
    }

    std::vector<std::shared_ptr<Feed>> feeds_;
    Identity tls_;
    kube::Server server_;
};

class KubeServiceTest : public testing::Test {
protected:
    void start() {
        profile_.kube.mode = profile::KubeMode::Kubeconfig;
        profile_.kube.kubeconfig = server_.kubeconfig(directory_);
        profile_.kube.node = "n1";
        service_ = make_kube(profile_, metrics_, {inbox_, services_inbox_});
        service_->start();
    }
    static cni::Request request(const std::string& pod, const std::string& uid = "") {
        cni::Request made;
        made.args.pod_namespace = "default";
        made.args.pod_name = pod;
        made.args.pod_uid = uid;
        return made;
    }
    endpoint::PodFacts facts(const cni::Request& request) {
        return service_->pods().facts(request, {after(20s), {}, {}});
    }
    [[nodiscard]] double found_in(const char* place) {
        return metrics_
            .counter("terway_kube_pod_lookups_total", "Where an ADD's pod was found",
                     {{"from", place}})
            .value();
    }
    static std::string labelled(const std::string& name) {
        return kube::pod_json(name, "3", "", R"(,"labels":{"app":"web"})");
    }

    Directory directory_;
    Metrics metrics_;
    ApiServer server_;
    profile::Profile profile_;
    PolicyInbox* inbox_ = nullptr;
    ServiceInbox* services_inbox_ = nullptr;
    std::unique_ptr<KubeService> service_;
};

TEST_F(KubeServiceTest, TellsOfAPodItWatches) {
    server_.listed = {labelled("a")};
    start();
    EXPECT_EQ(facts(request("a", "uid-a")).labels.at("app"), "web");
    EXPECT_EQ(found_in("cache"), 1);
}

TEST_F(KubeServiceTest, WatchesTheWholeClusterForPolicies) {
    const char* const annotated = R"(,"annotations":{"k8s.aliyun.com/egress-bandwidth":"1M"})";
    auto far = kube::pod_json("far", "3", "", annotated);
    far.replace(far.find("\"n1\""), 4, "\"n2\"");
    server_.listed = {kube::pod_json("near", "3", "", annotated), far};
    PolicyInbox inbox;
    inbox_ = &inbox;
    start();
    PolicyNews all;
    ASSERT_TRUE(eventually([&] {
        auto news = inbox.take({}, after(10ms));
        all.pods.merge(news.pods);
        all.spaces.merge(news.spaces);
        all.policies.merge(news.policies);
        return news.is_synced;
    }));
    EXPECT_EQ(all.spaces.size(), 1U);
    EXPECT_EQ(all.policies.size(), 1U);
    ASSERT_EQ(all.pods.size(), 2U);
    EXPECT_EQ(all.pods.at({"default", "near"})->meta.annotations.size(), 1U);
    EXPECT_TRUE(all.pods.at({"default", "far"})->meta.annotations.empty());
    EXPECT_EQ(server_.sent("GET", "spec.nodeName").size(), 0U);
    service_.reset();  // before the inbox
}

TEST_F(KubeServiceTest, WatchesClusterPoliciesIfTheProfileSaysSo) {
    profile_.policy.cluster_policies = true;
    server_.knows_cluster_policies = false;
    PolicyInbox inbox(true);
    inbox_ = &inbox;
    start();
    EXPECT_TRUE(eventually([&] { return !inbox.refusal().empty(); }));
    EXPECT_THAT(inbox.refusal(), HasSubstr("does not know clusternetworkpolicies"));
    server_.knows_cluster_policies = true;
    bool has_guard = false;
    EXPECT_TRUE(eventually([&] {
        const auto news = inbox.take({}, after(10ms));
        has_guard = has_guard || news.cluster_policies.contains("guard");
        return news.is_synced;
    }));
    EXPECT_TRUE(has_guard);
    EXPECT_EQ(inbox.refusal(), "");
    service_.reset();  // before the inbox
}

TEST_F(KubeServiceTest, AsksOnceForAPodItHasNotSeen) {
    server_.known["b"] = labelled("b");
    profile_.kube.pod_wait = 10ms;
    start();
    EXPECT_EQ(facts(request("b", "uid-b")).labels.at("app"), "web");
    EXPECT_EQ(found_in("server"), 1);
}

TEST_F(KubeServiceTest, GoesByTheRequestWhereTheServerDoesNotKnowOrDoesNotAnswer) {
    profile_.kube.pod_wait = 10ms;
    start();
    EXPECT_EQ(facts(request("c")).name, "c");
    EXPECT_EQ(found_in("nowhere"), 1);
    server_.away = true;
    EXPECT_EQ(facts(request("c")).name, "c");
    EXPECT_EQ(found_in("request"), 1);
}

TEST_F(KubeServiceTest, APodThatWasRecreatedIsNotTakenForItsPredecessor) {
    server_.listed = {labelled("d")};
    server_.known["d"] = labelled("d");
    profile_.kube.pod_wait = 10ms;
    start();
    try {
        (void)facts(request("d", "uid-new"));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Retry);
        EXPECT_THAT(error.what(), HasSubstr("another pod default/d"));
    }
}

TEST_F(KubeServiceTest, WatchesServicesOnlyForWhoWantsThem) {
    server_.listed = {labelled("a")};
    start();
    (void)facts(request("a"));
    EXPECT_TRUE(server_.sent("GET", "/services?").empty());
    EXPECT_TRUE(server_.sent("GET", "/endpointslices?").empty());
}

TEST_F(KubeServiceTest, TellsServicesSlicesAndTheFactsOfItsNode) {
    ServiceInbox inbox;
    services_inbox_ = &inbox;
    server_.node = R"({"metadata":{"name":"n1","resourceVersion":"1",
        "labels":{"topology.kubernetes.io/zone":"cn-hangzhou-h"}},
        "status":{"addresses":[{"type":"InternalIP","address":"192.168.0.7"},
            {"type":"ExternalIP","address":"203.0.113.7"},{"type":"Hostname","address":"n1"}]}})";
    start();
    ServiceNews all;
    EXPECT_TRUE(eventually([&] {
        auto news = inbox.take({}, after(20s));
        all.services.merge(news.services);
        all.slices.merge(news.slices);
        all.facts = news.facts ? news.facts : all.facts;
        return news.is_synced;
    }));
    EXPECT_EQ(all.services.count({"shop", "web"}), 1U);
    ASSERT_EQ(all.slices.count({"shop", "web-1"}), 1U);
    EXPECT_EQ((all.slices.at({"shop", "web-1"})->service), "web");
    EXPECT_EQ(all.facts, (service::NodeFacts{
                             "n1", "cn-hangzhou-h", {IpAddress::parse("192.168.0.7").value()}}));
    const std::string selector = "labelSelector=%21service.kubernetes.io%2Fservice-proxy-name";
    EXPECT_FALSE(server_.sent("GET", "/services?" + selector).empty());
    EXPECT_FALSE(server_.sent("GET", "/endpointslices?" + selector).empty());
    service_.reset();
}

TEST_F(KubeServiceTest, KnowsTheRangesOfItsNode) {
    start();
    EXPECT_THAT(service_->await_pod_cidrs({}, after(20s)),
                ElementsAre(Prefix::parse("172.20.1.0/24").value()));
}

TEST_F(KubeServiceTest, SaysWhyItsNodeHasNoRanges) {
    server_.node = R"({"metadata":{"name":"n1","resourceVersion":"1"},"spec":{}})";
    start();
    const auto says = [&](const char* why) {
        return eventually(
            [&] { return service_->why_no_pod_cidrs().find(why) != std::string::npos; });
    };
    EXPECT_TRUE(says("--allocate-node-cidrs"));
    profile_.kube.node = "n2";
    service_ = make_kube(profile_, metrics_);
    EXPECT_TRUE(says("has not told"));
    service_->start();
    EXPECT_TRUE(says("no node of that name"));
}

TEST_F(KubeServiceTest, SaysWhichSettingLedToBadCredentials) {
    profile_.kube.mode = profile::KubeMode::Kubeconfig;
    profile_.kube.kubeconfig = directory_.at("nowhere");
    const auto complaint = [&] {
        try {
            (void)make_kube(profile_, metrics_);
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_THAT(complaint(), HasSubstr("[kube] kubeconfig: " + directory_.at("nowhere")));
    profile_.kube.mode = profile::KubeMode::InCluster;
    EXPECT_THAT(complaint(), HasSubstr("[kube] mode \"in-cluster\" is for pods"));
}

TEST_F(KubeServiceTest, AnAddIsAnEventAndAnAnnotationOfThatPod) {
    start();
    cni::Result result;
    result.ips.push_back({Prefix::parse("172.20.1.9/32").value(), {}, {}});
    service_->connected(request("a", "uid-a"), result, 0.25);
    service_->refused(request("b"), "no address left");
    const auto events = [&] { return server_.sent("POST", "/namespaces/default/events"); };
    EXPECT_TRUE(eventually([&] { return events().size() == 2; }));
    EXPECT_THAT(events()[0], HasSubstr("Alloc IP 172.20.1.9 took 250ms"));
    EXPECT_THAT(events()[1], HasSubstr("no address left"));
    const auto patches = [&] { return server_.sent("PATCH", "/namespaces/default/pods/a?"); };
    EXPECT_TRUE(eventually([&] { return !patches().empty(); }));
    EXPECT_EQ(patches()[0], pod_ips_patch("uid-a", {IpAddress::parse("172.20.1.9").value()}));
}

TEST_F(KubeServiceTest, WhatIsOfNoPodIsToldToNobody) {
    start();
    service_->connected(request(""), {}, 1);
    service_->refused(request(""), "no");
    service_->about_node(true, "Reason", "why");
    EXPECT_TRUE(eventually([&] { return !server_.sent("POST", "/events").empty(); }));
    EXPECT_THAT(server_.sent("POST", "/events"), ElementsAre(HasSubstr(R"("kind":"Node")")));
    EXPECT_TRUE(server_.sent("PATCH", "").empty());
}

TEST_F(KubeServiceTest, TheNodesConditionFollowsTheTrouble) {
    start();
    const auto watching = service_->watch_capacity([] { return std::string("vsw-1 is full"); });
    const auto patches = [&] { return server_.sent("PATCH", "/nodes/n1/status"); };
    EXPECT_TRUE(eventually([&] { return !patches().empty(); }));
    EXPECT_THAT(patches()[0], HasSubstr("vsw-1 is full"));
}

TEST(KubeServiceSettings, WithoutKubernetesThereIsNone) {
    Metrics metrics;
    EXPECT_EQ(make_kube({}, metrics), nullptr);
}

TEST(KubeServiceSettings, TheNodeIsCalledAsTheProfileSays) {
    EXPECT_EQ(node_name({.node = "n7"}), "n7");
    EXPECT_NE(node_name({}), "");
}

}  // namespace
}  // namespace terway::daemon
