#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "../store/fixture.hpp"
#include "daemon/kube_pods.hpp"
#include "daemon/kube_service.hpp"
#include "daemon/node_facts.hpp"
#include "daemon/pod_cidrs.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;
using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

kube::Pairs pairs(std::vector<std::pair<const char*, const char*>> from) {
    std::sort(from.begin(), from.end(),
              [](const auto& a, const auto& b) { return std::string_view(a.first) < b.first; });
    kube::Pairs out;
    for (const auto& [key, value] : from) {
        out.emplace_back(kube::Word(key), kube::Word(value));
    }
    return out;
}

kube::Pod pod() {
    kube::Pod made;
    made.meta.space = kube::Word("shop");
    made.meta.name = kube::Word("web-0");
    made.meta.uid = kube::Word("uid-1");
    return made;
}

std::string complaint_of(const kube::Pod& from) {
    try {
        (void)facts_of(from, {}, {});
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Invalid);
        return error.what();
    }
    return "";
}

TEST(KubeFacts, ThePodsObjectAddsToWhatTheRequestTold) {
    auto from = pod();
    from.meta.labels = pairs({{"app", "web"}});
    from.meta.annotations = pairs({{"k8s.aliyun.com/ingress-bandwidth", "1M"}});
    from.requests = {{kube::Word("aliyun/eni"), 1}};
    endpoint::PodFacts told{.pod_namespace = "shop",
                            .name = "web-0",
                            .labels = {{"app", "old"}},
                            .annotations = {{"example.com/a", "b"}},
                            .resources = {}};
    const auto facts = facts_of(from, told, {});
    EXPECT_EQ(facts.name, "web-0");
    EXPECT_THAT(facts.labels, ElementsAre(Pair("app", "web")));
    EXPECT_THAT(facts.annotations,
                UnorderedElementsAre(Pair("example.com/a", "b"),
                                     Pair("k8s.aliyun.com/ingress-bandwidth", "1M")));
    EXPECT_THAT(facts.resources, ElementsAre(Pair("aliyun/eni", 1)));
    EXPECT_FALSE(facts.keeps_addresses);
}

TEST(KubeFacts, OnlyAPodThatComesBackUnderItsNameKeepsItsAddresses) {
    auto from = pod();
    from.meta.annotations = pairs({{"k8s.aliyun.com/pod-ip-reservation", "true"}});
    EXPECT_FALSE(facts_of(from, {}, {}).keeps_addresses) << "nobody's pod";
    from.meta.owners = {{kube::Word("ReplicaSet"), kube::Word("web"), true}};
    EXPECT_FALSE(facts_of(from, {}, {}).keeps_addresses);
    from.meta.owners = {{kube::Word("StatefulSet"), kube::Word("web"), true}};
    EXPECT_TRUE(facts_of(from, {}, {}).keeps_addresses);
    from.meta.owners = {{kube::Word("CloneSet"), kube::Word("web"), true}};
    profile::Kube settings;
    settings.stateful_kinds.emplace_back("CloneSet");
    EXPECT_TRUE(facts_of(from, {}, settings).keeps_addresses);
    from.meta.annotations = {};
    EXPECT_FALSE(facts_of(from, {}, settings).keeps_addresses) << "it did not ask";
}

TEST(KubeFacts, APodThatIsNotOursIsRefusedByName) {
    auto from = pod();
    EXPECT_EQ(complaint_of(from), "");
    from.host_network = true;
    EXPECT_THAT(complaint_of(from), AllOf(HasSubstr("shop/web-0"), HasSubstr("host's network")));
    from = pod();
    from.meta.labels = pairs({{"k8s.aliyun.com/ignore-by-terway", "true"}});
    EXPECT_THAT(complaint_of(from), HasSubstr("k8s.aliyun.com/ignore-by-terway"));
}

TEST(KubeFacts, APodIsKnownByItsUidAndAStaticOneByThatOfItsMirror) {
    auto from = pod();
    EXPECT_TRUE(is_pod(from, "uid-1"));
    EXPECT_TRUE(is_pod(from, "")) << "the runtime did not say";
    EXPECT_FALSE(is_pod(from, "uid-2"));
    from.meta.annotations = pairs({{"kubernetes.io/config.mirror", "hash"}});
    EXPECT_TRUE(is_pod(from, "hash"));
}

TEST(KubeTold, AddressesArePatchedIntoThatVeryPod) {
    const std::vector<IpAddress> addresses{IpAddress::parse("10.0.0.5").value(),
                                           IpAddress::parse("fd00::5").value()};
    EXPECT_EQ(json::parse(pod_ips_patch("uid-1", addresses)), json::parse(R"({"metadata":
        {"uid": "uid-1", "annotations": {"k8s.aliyun.com/pod-ips": "10.0.0.5,fd00::5"}}})"));
    EXPECT_EQ(json::parse(pod_ips_patch("", addresses, true)), json::parse(R"({"metadata":
        {"annotations": {"k8s.aliyun.com/pod-ips": "10.0.0.5,fd00::5",
                         "cni.projectcalico.org/podIP": "10.0.0.5/32",
                         "cni.projectcalico.org/podIPs": "10.0.0.5/32,fd00::5/128"}}})"));
}

TEST(KubeTold, TheNodesConditionSaysWhyThereAreNoAddresses) {
    const WallTime now(seconds(1'800'000'000));
    const auto fine = json::parse(sufficient_ip_patch("", now, now + seconds(9)));
    EXPECT_EQ(fine, json::parse(R"({"status": {"conditions": [{"type": "SufficientIP",
        "status": "True", "reason": "SufficientIP", "message": "pods on this node can get addresses",
        "lastTransitionTime": "2027-01-15T08:00:00Z", "lastHeartbeatTime": "2027-01-15T08:00:09Z"}]}})"));
    const auto none = json::parse(sufficient_ip_patch("vsw-1 is full", now, now));
    const auto& condition = none.at("status").at("conditions").at(0);
    EXPECT_EQ(condition.at("status"), "False");
    EXPECT_EQ(condition.at("message"), "vsw-1 is full");
}

class KubePodCidrs : public testing::Test {
protected:
    using Answers = std::vector<std::vector<Prefix>>;

    // Asks get these answers, the last one for ever; gives up after ten.
    std::vector<Prefix> find(store::Store& store, const Answers& answers) {
        asked_ = 0;
        return find_pod_cidrs(
            [&](Deadline) { return answers[std::min(asked_++, answers.size() - 1)]; }, store,
            [&] { return asked_ < 10; }, [&] { ++told_; });
    }

    static const std::vector<Prefix>& both() {
        static const std::vector<Prefix> cidrs{Prefix::parse("172.20.1.0/24").value(),
                                               Prefix::parse("fd00:20::/64").value()};
        return cidrs;
    }
    [[nodiscard]] const std::string& dir() const { return directory_.path(); }

    store::testing::TemporaryDirectory directory_;
    std::size_t asked_ = 0;
    int told_ = 0;
};

TEST_F(KubePodCidrs, AreWaitedForUntilSomebodyGivesTheNodeSome) {
    store::Store store(dir());
    EXPECT_EQ(find(store, {{}, {}, both()}), both());
    EXPECT_EQ(asked_, 3U);
}

TEST_F(KubePodCidrs, AreRememberedForADaemonThatFindsTheServerAway) {
    {
        store::Store store(dir());
        (void)find(store, {both()});
    }
    store::Store store(dir());
    EXPECT_EQ(find(store, {{}}), both());
    const std::vector<Prefix> other{Prefix::parse("172.20.9.0/24").value()};
    EXPECT_EQ(find(store, {other}), other) << "the server's word counts";
    EXPECT_EQ(find(store, {{}}), other);
}

TEST_F(KubePodCidrs, AreNotTakenForWhatIsRememberedOfTheInstance) {
    store::Store store(dir());
    (void)find(store, {both()});
    testing::internal::CaptureStderr();
    EXPECT_EQ(remembered_node(store, ""), std::nullopt);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "nothing is there to complain about";
}

TEST_F(KubePodCidrs, ThatMustBeAMistakeAreRefusedAndNotRemembered) {
    store::Store store(dir());
    for (const auto* text : {"0.0.0.0/0", "10.0.0.0/7", "127.0.0.0/16", "169.254.0.0/24",
                             "224.0.0.0/24", "::/0", "fd00::/15", "fe80::/64", "::/96"}) {
        try {
            (void)find(store, {{Prefix::parse(text).value()}});
            ADD_FAILURE() << text << " is taken";
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), Status::Invalid);
            EXPECT_THAT(error.what(), testing::HasSubstr(std::string("pod CIDR ") + text));
        }
    }
    EXPECT_THAT(store.notes("node"), IsEmpty());
}

TEST_F(KubePodCidrs, WaitingEndsWhenTheDaemonDoes) {
    store::Store store(dir());
    EXPECT_THAT(find(store, {{}}), IsEmpty());
    EXPECT_EQ(asked_, 10U);
    EXPECT_EQ(told_, 1);
}

}  // namespace
}  // namespace terway::daemon
