// Who gets in, what roles allow, what faults do, and what the log keeps.
#include "world.hpp"

namespace terway::sim::kube {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

class Access : public World {
protected:
    Access() : World({.rbac = true}) {
        api_.users().add("t", "system:serviceaccount:kube-system:terway", {});
    }

    void grant(const std::string& rule) {
        const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/";
        (void)ask("POST", rbac + "clusterroles",
                  R"({"metadata":{"name":"terway"},"rules":[)" + rule + "]}");
        (void)ask("POST", rbac + "clusterrolebindings",
                  R"({"metadata":{"name":"terway"},
                      "roleRef":{"kind":"ClusterRole","name":"terway"},
                      "subjects":[{"kind":"ServiceAccount","name":"terway","namespace":"kube-system"}]})");
        token_ = "t";
    }
};

TEST_F(Access, WithoutAGoodTokenNobodyGetsIn) {
    token_ = "";
    EXPECT_EQ(get(kPods).status, 401U);
    EXPECT_EQ(get("/healthz").text, "ok");
    token_ = "wrong";
    const auto refused = get(kPods);
    EXPECT_EQ(refused.status, 401U);
    EXPECT_EQ(refused.text_of("/reason"), "Unauthorized");
}

TEST_F(Access, TokensExpire) {
    api_.users().add("short", "u", {"system:masters"}, now_ + 10s);
    token_ = "short";
    EXPECT_EQ(get(kPods).status, 200U);
    now_ += 10s;
    EXPECT_EQ(get(kPods).status, 401U);
}

TEST_F(Access, AServiceAccountGetsATokenThatEnds) {
    const std::string accounts = "/api/v1/namespaces/default/serviceaccounts";
    (void)ask("POST", accounts, R"({"metadata":{"name":"app"}})");
    const auto issued =
        ask("POST", accounts + "/app/token", R"({"spec":{"expirationSeconds":600}})");
    EXPECT_EQ(issued.text_of("/status/expirationTimestamp"), "2026-01-02T03:14:05Z");
    token_ = issued.text_of("/status/token");
    EXPECT_THAT(get(kPods).text, HasSubstr("system:serviceaccount:default:app"));
    now_ += 600s;
    EXPECT_EQ(get(kPods).status, 401U);
}

TEST_F(Access, ACertificateIsAsGoodAsAToken) {
    HttpRequest request;
    request.method = "GET";
    request.target = kPods;
    EXPECT_EQ(api_.handle(request, now_).answer.status, 401U);
    request.subject = "O=system:masters,CN=root";
    EXPECT_EQ(api_.handle(request, now_).answer.status, 200U);
}

TEST_F(Access, OnlyWhatARoleAllowsIsAllowed) {
    grant(
        R"({"apiGroups":[""],"resources":["pods","nodes/status"],"verbs":["get","list","patch"]})");
    EXPECT_EQ(get("/api/v1/pods").status, 200U);
    const auto refused = get("/api/v1/pods?watch=true");
    EXPECT_EQ(refused.status, 403U);
    EXPECT_EQ(refused.text_of("/message"),
              R"(pods is forbidden: User "system:serviceaccount:kube-system:terway" cannot watch )"
              R"(resource "pods" in API group "" at the cluster scope)");
    EXPECT_EQ(ask("PATCH", std::string(kPods) + "/a/status", "{}", kMerge).status, 403U);
    EXPECT_EQ(ask("PATCH", "/api/v1/nodes/n/status", "{}", kMerge).status, 404U);
    EXPECT_EQ(ask("POST", kPods, pod("a")).status, 403U);
}

TEST_F(Access, ARuleMayNameObjects) {
    grant(
        R"({"apiGroups":[""],"resources":["configmaps"],"verbs":["get"],"resourceNames":["mine"]})");
    EXPECT_EQ(get("/api/v1/namespaces/default/configmaps/mine").status, 404U);
    EXPECT_EQ(get("/api/v1/namespaces/default/configmaps/other").status, 403U);
}

TEST_F(Access, ARoleOfANamespaceEndsThere) {
    const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/";
    (void)ask(
        "POST", rbac + "roles",
        R"({"metadata":{"name":"r"},"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]})");
    (void)ask("POST", rbac + "rolebindings",
              R"({"metadata":{"name":"r"},"roleRef":{"kind":"Role","name":"r"},
                  "subjects":[{"kind":"Group","name":"system:serviceaccounts:kube-system"}]})");
    token_ = "t";
    EXPECT_EQ(get(kPods).status, 200U);
    EXPECT_EQ(get("/api/v1/pods").status, 403U);
    EXPECT_EQ(get("/api/v1/namespaces/kube-system/pods").status, 403U);
}

TEST_F(Access, AReviewSaysWhatOneMay) {
    grant(R"({"apiGroups":[""],"resources":["pods"],"verbs":["get"]})");
    const auto review = [&](const std::string& verb) {
        return ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                   R"({"spec":{"resourceAttributes":{"verb":")" + verb +
                       R"(","resource":"pods"}}})")
            .at("/status/allowed");
    };
    EXPECT_EQ(review("get"), true);
    EXPECT_EQ(review("delete"), false);
}

TEST_F(Access, FaultsStrikeByVerbAndResource) {
    FaultRule rule;
    rule.action = "list pods";
    rule.code = "TooManyRequests";
    rule.status = 429;
    rule.retry_after = 3s;
    rule.times = 1;
    api_.faults().add(rule, now_);
    EXPECT_EQ(get("/api/v1/nodes").status, 200U);
    const Answer struck = raw("GET", kPods).answer;
    EXPECT_EQ(struck.status, 429U);
    EXPECT_EQ(struck.headers.front(), (std::pair<std::string, std::string>("Retry-After", "3")));
    EXPECT_THAT(struck.body, HasSubstr("\"retryAfterSeconds\":3"));
    EXPECT_EQ(get(kPods).status, 200U);
    EXPECT_EQ(api_.calls().counts().at("list pods").failed.at("TooManyRequests"), 1U);
    EXPECT_EQ(api_.calls().counts().at("list pods").ok, 1U);
}

TEST_F(Access, ALostWriteIsCarriedOut) {
    FaultRule rule;
    rule.action = "create pods";
    rule.kind = FaultRule::Kind::Lost;
    api_.faults().add(rule, now_);
    EXPECT_EQ(raw("POST", kPods, pod("a")).answer.delivery, Delivery::Cut);
    EXPECT_EQ(get(std::string(kPods) + "/a").status, 200U);
    EXPECT_EQ(api_.calls().mutating(), 1U);
}

TEST_F(Access, TheLogCountsWhatIsRefused) {
    token_ = "wrong";
    (void)get(kPods);
    EXPECT_EQ(api_.calls().counts().at("list pods").failed.at("Unauthorized"), 1U);
}

}  // namespace
}  // namespace terway::sim::kube
