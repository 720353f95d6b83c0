#include "daemon/policy_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "../kube/kube_testing.hpp"
#include "policy_testing.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using namespace std::chrono_literals;
using kube::eventually;
using profile::PolicyStartup;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kDenyAll = R"({"podSelector": {}, "policyTypes": ["Ingress"]})";

endpoint::EndpointRecord record(const std::string& container, const std::string& pod) {
    endpoint::EndpointRecord record;
    record.spec.key = key(container);
    record.spec.pod_namespace = pod.empty() ? "" : "x";
    record.spec.pod_name = pod;
    record.spec.pod_uid = pod.empty() ? "" : "uid-" + pod;
    record.spec.addresses = {Prefix::host(policy::ip("10.1.0.1"))};
    record.chain = {{endpoint::ModuleRole::Dataplane, "veth", "1", ""},
                    {endpoint::ModuleRole::Policy, "nft", "1", ""}};
    return record;
}

endpoint::Operation within(std::chrono::milliseconds span) {
    return {after(span), {}, {}};
}

// The service with a module in memory.
class PolicyServices : public testing::Test {
protected:
    void start() {
        service_ = std::make_unique<PolicyService>(PolicyService::Parts{
            settings,
            inbox,
            metrics,
            {"nft"},
            knows_pods,
            [this](const std::string& /*module*/, const twy_policy_update& update) {
                const MutexLock lock(mutex_);
                if (failing_) {
                    throw Error(Status::Internal, "the kernel says no");
                }
                module_.apply(update);
            },
            [this](const endpoint::EndpointSpec& spec, const std::string& message) {
                const MutexLock lock(mutex_);
                late_ += spec.pod_name + ": " + message + "\n";
            },
            pace});
        thread_ = std::jthread([this](const std::stop_token& stop) { service_->run(stop); });
    }
    void sync() {
        sync_common();
        inbox.synced(PolicyInbox::Kind::ClusterPolicies);
    }
    void sync_common() {
        inbox.synced(PolicyInbox::Kind::Namespaces);
        inbox.synced(PolicyInbox::Kind::Pods);
        inbox.synced(PolicyInbox::Kind::Policies);
    }
    void know(const std::string& pod) {
        inbox.put(shared(policy::space("x")));
        inbox.put(shared(policy::policy(kDenyAll)));
        inbox.put(shared(policy::pod("x", pod, "10.1.0.1")));
    }
    endpoint::EndpointRecord attach(const std::string& container, const std::string& pod) {
        {
            const MutexLock lock(mutex_);
            module_.attach(container);
        }
        auto made = record(container, pod);
        service_->attached(made);
        return made;
    }
    std::string rules(const std::string& container) {
        const MutexLock lock(mutex_);
        return module_.rules(container);
    }
    unsigned fulls() {
        const MutexLock lock(mutex_);
        return module_.fulls;
    }
    std::string late() {
        const MutexLock lock(mutex_);
        return late_;
    }
    void fail(bool is_failing) {
        const MutexLock lock(mutex_);
        failing_ = is_failing;
    }
    [[nodiscard]] double closed() {
        return metrics
            .gauge("terway_policy_closed_endpoints",
                   "Endpoints that are denied everything, as their pod's policies are "
                   "not known")
            .value();
    }

    profile::Policy settings{PolicyStartup::Deny, 50ms};
    bool knows_pods = true;
    PolicyPace pace{1ms, 1ms, 2ms, 5000ms, 0ms};
    PolicyInbox inbox{true};
    Metrics metrics;
    std::unique_ptr<PolicyService> service_;

private:
    Mutex mutex_;
    TestModule module_ TERWAY_GUARDED_BY(mutex_);
    std::string late_ TERWAY_GUARDED_BY(mutex_);
    bool failing_ TERWAY_GUARDED_BY(mutex_) = false;

protected:
    std::jthread thread_;
};

TEST_F(PolicyServices, LetAnEndpointGoOnWhenItsRulesAreInForce) {
    settings.startup_deadline = 60'000ms;
    start();
    const auto web = attach("c1", "web");
    know("web");
    sync();
    service_->await(web, within(60s));
    EXPECT_EQ(rules("c1"), "x/p");
    EXPECT_EQ(late(), "");
    EXPECT_EQ(closed(), 0);
}

TEST_F(PolicyServices, LeaveAPodClosedWhosePoliciesAreNotKnownInTime) {
    start();
    const auto web = attach("c1", "web");
    service_->await(web, within(60s));
    EXPECT_EQ(rules("c1"), "closed");
    EXPECT_THAT(late(), StartsWith("web: the pod has no network yet"));
    EXPECT_THAT(late(), HasSubstr("has not told of all policies"));
    EXPECT_EQ(closed(), 1);
    know("web");
    sync();
    EXPECT_TRUE(eventually([&] { return rules("c1") == "x/p" && closed() == 0; }));
}

TEST_F(PolicyServices, SayThatTheApiServerKnowsNoSuchPod) {
    start();
    know("another");
    sync();
    const auto web = attach("c1", "web");
    service_->await(web, within(60s));
    EXPECT_THAT(late(),
                StartsWith("web: the pod has no network yet: the API server knows no pod x/web"));
    EXPECT_TRUE(service_->is_closed(web.key()));
    EXPECT_THAT(service_->why_closed(web.key()), HasSubstr("crictl rmp"));
}

TEST_F(PolicyServices, OpenAPodWhosePoliciesAreNotKnownInTimeIfTheProfileSaysSo) {
    settings.startup = PolicyStartup::Allow;
    start();
    const auto web = attach("c1", "web");
    service_->await(web, within(60s));
    EXPECT_EQ(rules("c1"), "open");
    EXPECT_THAT(late(), StartsWith("web: the pod's traffic is not restricted yet"));
    EXPECT_EQ(closed(), 0);
    know("web");
    sync();
    EXPECT_TRUE(eventually([&] { return rules("c1") == "x/p"; }));
}

TEST_F(PolicyServices, StopWaitingWhenTheEndpointIsForgotten) {
    settings.startup_deadline = 60'000ms;
    start();
    const auto web = attach("c1", "web");
    auto waiting = std::async(std::launch::async, [&] {
        return kube::complaint_of([&] { service_->await(web, within(600s)); });
    });
    service_->forget(web.key());
    EXPECT_THAT(waiting.get(), HasSubstr("given up"));
}

TEST_F(PolicyServices, StopWaitingWhenStopped) {
    settings.startup_deadline = 60'000ms;
    start();
    const auto web = attach("c1", "web");
    std::stop_source source;
    auto waiting = std::async(std::launch::async, [&] {
        return kube::complaint_of([&] {
            service_->await(web, {after(600s), source.get_token(), {}});
        });
    });
    source.request_stop();
    EXPECT_THAT(waiting.get(), HasSubstr("given up"));
    EXPECT_EQ(late(), "");
}

TEST_F(PolicyServices, TryAgainWithEverythingAfterAFailure) {
    settings.startup_deadline = 60'000ms;
    fail(true);
    start();
    const auto web = attach("c1", "web");
    know("web");
    sync();
    ASSERT_TRUE(eventually([&] { return !service_->trouble().empty(); }));
    EXPECT_EQ(service_->trouble(), "policies are stale: the kernel says no");
    fail(false);
    service_->await(web, within(60s));
    EXPECT_EQ(rules("c1"), "x/p");
    EXPECT_EQ(fulls(), 1U);
    EXPECT_TRUE(eventually([&] { return service_->trouble().empty(); }));
}

TEST_F(PolicyServices, SayInTheEventWhatTheModuleSays) {
    fail(true);
    start();
    const auto web = attach("c1", "web");
    know("web");
    sync();
    ASSERT_TRUE(eventually([&] { return !service_->trouble().empty(); }));
    service_->await(web, within(60s));
    EXPECT_THAT(late(), HasSubstr("the kernel says no"));
}

TEST_F(PolicyServices, DoNotHoldUpWhatHasNoPolicyModule) {
    start();
    auto plain = record("c1", "web");
    plain.chain.pop_back();
    service_->attached(plain);
    service_->await(plain, within(60s));
    EXPECT_EQ(late(), "");
}

TEST_F(PolicyServices, KeepTheRulesOfBeforeUntilEverythingIsKnown) {
    start();
    service_->adopted(record("c1", "web"));
    service_->await(record("c1", "web"), within(60s));
    EXPECT_EQ(fulls(), 0U);
    EXPECT_EQ(closed(), 0);
    sync();
    EXPECT_TRUE(eventually([&] { return closed() == 1; }));  // nobody knows such a pod
}

TEST_F(PolicyServices, OpenEverythingWhereThereIsNoKubernetes) {
    settings.startup_deadline = 60'000ms;
    knows_pods = false;
    start();
    const auto web = attach("c1", "web");
    service_->await(web, within(60s));
    EXPECT_EQ(rules("c1"), "open");
    EXPECT_EQ(late(), "");
}

TEST_F(PolicyServices, ForgetWhatAListDoesNotHaveAnyMore) {
    settings.startup_deadline = 60'000ms;
    start();
    const auto web = attach("c1", "web");
    know("web");
    sync();
    service_->await(web, within(60s));
    inbox.drop(policy::policy(kDenyAll));
    EXPECT_TRUE(eventually([&] { return rules("c1") == "open"; }));
}

TEST_F(PolicyServices, AskForRulesInForceUntilTheyAre) {
    settings.confirm = true;
    settings.startup_deadline = 60'000ms;
    pace.confirm = 1ms;
    start();
    int asked = 0;
    service_->confirm(record("c1", "web"), within(600s),
                      [&]() -> std::string { return ++asked < 3 ? "not yet" : ""; });
    EXPECT_EQ(asked, 3);
    EXPECT_EQ(late(), "");
}

TEST_F(PolicyServices, DoNotAskWhereTheProfileDoesNotSaySo) {
    start();
    service_->confirm(record("c1", "web"), within(600s), []() -> std::string {
        ADD_FAILURE() << "asked";
        return "no";
    });
}

TEST_F(PolicyServices, RefuseOrWarnWhereRulesAreNotInForceInTime) {
    settings.confirm = true;
    pace.confirm = 1ms;
    const auto no = []() -> std::string { return "felix is away"; };
    start();
    EXPECT_THAT(
        kube::complaint_of([&] { service_->confirm(record("c1", "web"), within(600s), no); }),
        HasSubstr("its policies are not in force: felix is away"));
    EXPECT_EQ(late(), "");
    settings.startup = PolicyStartup::Allow;
    service_->confirm(record("c1", "web"), within(600s), no);
    EXPECT_EQ(late(), "web: the pod's policies may not be in force yet: felix is away\n");
    std::stop_source source;
    source.request_stop();
    EXPECT_NE(kube::complaint_of([&] {
                  service_->confirm(record("c1", "web"), {after(600s), source.get_token(), {}}, no);
              }),
              "");
}

TEST_F(PolicyServices, WaitForClusterPoliciesWhereTheyAreWatched) {
    settings.startup_deadline = 60'000ms;
    start();
    const auto web = attach("c1", "web");
    know("web");
    sync_common();
    inbox.refused(PolicyInbox::Kind::ClusterPolicies, "404 page not found");
    EXPECT_EQ(service_->trouble(), "policies are not known: 404 page not found");
    inbox.put(shared(policy::cluster_policy(
        R"({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": [
            {"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}]})")));
    EXPECT_EQ(rules("c1"), "closed");
    inbox.synced(PolicyInbox::Kind::ClusterPolicies);
    service_->await(web, within(60s));
    EXPECT_EQ(rules("c1"), "c x/p");
    EXPECT_EQ(service_->trouble(), "");
}

TEST_F(PolicyServices, SayWhyTheClusterPoliciesOfAPodAreNotKnown) {
    start();
    const auto web = attach("c1", "web");
    inbox.refused(PolicyInbox::Kind::ClusterPolicies, "404 page not found");
    service_->await(web, within(60s));
    EXPECT_EQ(rules("c1"), "closed");
    EXPECT_THAT(late(), HasSubstr("has not told of all policies: 404 page not found"));
}

}  // namespace
}  // namespace terway::daemon
