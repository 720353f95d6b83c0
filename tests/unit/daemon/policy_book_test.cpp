#include "daemon/policy_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy_testing.hpp"

namespace terway::daemon {
namespace {

using policy::labels;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kDenyAll = R"({"podSelector": {}, "policyTypes": ["Ingress"]})";
constexpr const char* kFromFriends =
    R"({"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"a": "b"}}}]}]})";

class PolicyBooks : public testing::Test {
protected:
    void feed(PolicyNews news) {
        news.is_synced = synced;
        book.take(news);
    }
    void know_space() {
        PolicyNews news;
        news.spaces["x"] = shared(policy::space("x"));
        feed(std::move(news));
    }
    void know_policy(const char* spec = kDenyAll) {
        PolicyNews news;
        news.policies[{"x", "p"}] = shared(policy::policy(spec));
        feed(std::move(news));
    }
    void know_pod(const std::string& name,
                  std::vector<std::pair<std::string, std::string>> with = {},
                  const std::string& uid = "") {
        auto pod = policy::pod("x", name, "10.0.0." + std::to_string(++last_address_), with);
        pod.meta.uid = kube::Word(uid.empty() ? "uid-" + name : uid);
        PolicyNews news;
        news.pods[{"x", name}] = shared(std::move(pod));
        feed(std::move(news));
    }
    PolicyTicket come(const std::string& container, const std::string& pod, bool was_there = false,
                      const std::string& uid = "", const std::string& of = "nft") {
        was_there ? module.keep(container) : module.attach(container);
        PolicyNews news;
        news.seats.push_back({SeatNews::What::Came,
                              {++ticket_,
                               key(container),
                               of,
                               {pod.empty() ? "" : "x", pod},
                               uid.empty() && !pod.empty() ? "uid-" + pod : uid,
                               {policy::ip("10.1.0." + std::to_string(ticket_))},
                               was_there}});
        feed(std::move(news));
        return ticket_;
    }
    void leave(const std::string& container, PolicyTicket ticket) {
        module.detach(container);
        PolicyNews news;
        news.seats.push_back(
            {SeatNews::What::Left, {ticket, key(container), "", {}, "", {}, false}});
        feed(std::move(news));
    }
    void open(const std::string& container, PolicyTicket ticket) {
        PolicyNews news;
        news.seats.push_back(
            {SeatNews::What::Open, {ticket, key(container), "", {}, "", {}, false}});
        feed(std::move(news));
    }
    // Carries a round out; what was told.
    std::vector<PolicyDelivery> carry_out(bool works = true) {
        auto all = book.round();
        for (const auto& delivery : all) {
            const policy::AbiUpdate update(delivery.update, delivery.is_full, [&](const auto& pod) {
                const auto found = delivery.keys.find(pod);
                return found == delivery.keys.end() ? std::vector<policy::EndpointKey>{}
                                                    : found->second;
            });
            if (works) {
                module.apply(update.raw());
            }
            book.settle(delivery, works);
        }
        return all;
    }

    bool synced = true;
    PolicyBook book{{"nft"}};
    TestModule module;

private:
    PolicyTicket ticket_ = 0;
    unsigned last_address_ = 0;
};

TEST_F(PolicyBooks, SayWhatIsAmissWithAPodThatHasNoRules) {
    know_space();
    come("c1", "web");
    carry_out();
    EXPECT_THAT(book.why_unruled(key("c1")),
                HasSubstr("the API server knows no pod x/web: if it was"));
    know_pod("web", {}, "another");
    carry_out();
    EXPECT_THAT(book.why_unruled(key("c1")),
                HasSubstr("has the UID another, and the sandbox is of uid-web, which was deleted"));
    know_pod("web");
    EXPECT_EQ(book.why_unruled(key("c1")), "") << "the next round tells them";
    carry_out();
    EXPECT_EQ(book.why_unruled(key("c1")), "");
}

TEST_F(PolicyBooks, SayThatANamespaceIsMissingWhereClusterPoliciesAskForIt) {
    PolicyNews news;
    news.cluster_policies["c"] = shared(policy::cluster_policy(
        R"({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {}}]}]})"));
    feed(std::move(news));
    know_pod("web");
    come("c1", "web");
    carry_out();
    EXPECT_THAT(book.why_unruled(key("c1")), HasSubstr("the API server knows no namespace x"));
    know_space();
    carry_out();
    EXPECT_EQ(book.why_unruled(key("c1")), "");
}

TEST_F(PolicyBooks, SayNothingBeforeEverythingIsKnown) {
    synced = false;
    know_space();
    know_policy();
    know_pod("web");
    come("c1", "web");
    EXPECT_THAT(carry_out(), IsEmpty());
    synced = true;
    feed({});
    EXPECT_EQ(carry_out().size(), 1U);
    EXPECT_EQ(module.fulls, 1U);
    EXPECT_EQ(module.rules("c1"), "x/p");
}

TEST_F(PolicyBooks, TellAModuleWithoutEndpointsThatNothingHolds) {
    feed({});
    EXPECT_EQ(carry_out().size(), 1U);
    EXPECT_EQ(module.fulls, 1U);
    EXPECT_THAT(carry_out(), IsEmpty());
}

TEST_F(PolicyBooks, TellOnlyWhatIsDifferentAfterwards) {
    know_space();
    know_policy(kFromFriends);
    know_pod("web");
    come("c1", "web");
    (void)carry_out();
    know_pod("friend", {{"a", "b"}});
    EXPECT_EQ(carry_out().size(), 1U);
    EXPECT_EQ(module.fulls, 1U);
    EXPECT_EQ(module.members(), 1);
    know_pod("stranger", {{"a", "c"}});
    EXPECT_THAT(carry_out(), IsEmpty());
}

TEST_F(PolicyBooks, TellOfClusterPoliciesThatComeAndGo) {
    know_space();
    know_policy();
    know_pod("web");
    come("c1", "web");
    (void)carry_out();
    PolicyNews news;
    news.cluster_policies["c"] = shared(policy::cluster_policy(
        R"({"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": [
            {"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}]})"));
    feed(news);
    (void)carry_out();
    EXPECT_EQ(module.rules("c1"), "c x/p");
    news.cluster_policies["c"] = nullptr;
    feed(news);
    (void)carry_out();
    EXPECT_EQ(module.rules("c1"), "x/p");
}

TEST_F(PolicyBooks, TellEverythingAfterAFailure) {
    know_space();
    know_policy(kFromFriends);
    know_pod("web");
    come("c1", "web");
    (void)carry_out();
    know_pod("friend", {{"a", "b"}});
    (void)carry_out(false);
    EXPECT_EQ(module.members(), 0);
    EXPECT_EQ(carry_out().size(), 1U);
    EXPECT_EQ(module.fulls, 2U);
    EXPECT_EQ(module.members(), 1);
    EXPECT_EQ(module.rules("c1"), "x/p");
    EXPECT_THAT(carry_out(), IsEmpty());
}

TEST_F(PolicyBooks, TellTheRulesOfAPodToASandboxThatComesLater) {
    know_space();
    know_policy();
    know_pod("web");
    come("old", "web");
    (void)carry_out();
    come("new", "web");
    EXPECT_EQ(carry_out().size(), 1U);
    EXPECT_EQ(module.rules("new"), "x/p");
    EXPECT_EQ(module.rules("old"), "x/p");
    EXPECT_EQ(module.fulls, 1U);
}

TEST_F(PolicyBooks, KeepTheRulesOfTheSandboxThatIsLeft) {
    know_space();
    know_policy();
    know_pod("web");
    come("old", "web");
    const auto ticket = come("new", "web");
    (void)carry_out();
    leave("new", ticket);
    (void)carry_out();
    PolicyNews news;
    news.policies[{"x", "p"}] = nullptr;
    feed(std::move(news));
    (void)carry_out();
    EXPECT_EQ(module.rules("old"), "open");
}

TEST_F(PolicyBooks, TakeASandboxThatLeftAndCameAgainForANewOne) {
    know_space();
    know_policy();
    know_pod("web");
    const auto first = come("c1", "web");
    (void)carry_out();
    leave("c1", first);
    come("c1", "web");
    leave("c1", first);  // told once more, which is of no account
    module.attach("c1");
    (void)carry_out();
    EXPECT_EQ(module.rules("c1"), "x/p");
}

TEST_F(PolicyBooks, CloseAPodThatIsRecreatedUntilItsObjectIsKnown) {
    know_space();
    know_policy();
    know_pod("web", {}, "one");
    const auto first = come("c1", "web", false, "one");
    (void)carry_out();
    leave("c1", first);
    come("c2", "web", false, "two");
    (void)carry_out();
    EXPECT_EQ(module.rules("c2"), "closed");
    know_pod("web", {}, "two");
    (void)carry_out();
    EXPECT_EQ(module.rules("c2"), "x/p");
}

TEST_F(PolicyBooks, KnowAStaticPodByTheNameItsSandboxHas) {
    know_space();
    know_policy();
    come("c1", "web", false, "hash");
    auto pod = policy::pod("x", "web", "10.0.0.1");
    pod.meta.annotations = labels({{"kubernetes.io/config.mirror", "hash"}});
    PolicyNews news;
    news.pods[{"x", "web"}] = shared(std::move(pod));
    feed(std::move(news));
    (void)carry_out();
    EXPECT_EQ(module.rules("c1"), "x/p");
}

TEST_F(PolicyBooks, LetWhatIsNoPodOfKubernetesPass) {
    synced = false;
    come("c1", "");
    (void)carry_out();
    EXPECT_EQ(module.rules("c1"), "open");
    synced = true;
    feed({});
    (void)carry_out();
    EXPECT_EQ(module.rules("c1"), "open");
    come("c2", "");
    (void)carry_out();
    EXPECT_EQ(module.rules("c2"), "open");
    EXPECT_THAT(carry_out(), IsEmpty());
}

TEST_F(PolicyBooks, OpenAPodThatIsToWaitNoLongerUntilItsPoliciesAreKnown) {
    synced = false;
    know_space();
    know_pod("web");
    const auto ticket = come("c1", "web");
    come("c2", "other");
    open("c1", ticket);
    EXPECT_EQ(carry_out().size(), 1U);
    EXPECT_EQ(module.rules("c1"), "open");
    EXPECT_EQ(module.rules("c2"), "closed");
    EXPECT_THAT(carry_out(), IsEmpty());
    synced = true;
    know_policy();
    (void)carry_out();
    EXPECT_EQ(module.rules("c1"), "x/p");
}

TEST_F(PolicyBooks, OpenAPodWithoutTouchingThoseThatHaveRulesOfBefore) {
    synced = false;
    come("c0", "old", true);
    const auto ticket = come("c1", "web");
    open("c1", ticket);
    (void)carry_out();
    EXPECT_EQ(module.fulls, 0U);
    EXPECT_EQ(module.rules("c0"), "of before");
    EXPECT_EQ(module.rules("c1"), "open");
}

TEST_F(PolicyBooks, KeepAnOpenPodOpenWhenEverythingIsToldAgain) {
    feed({});
    const auto ticket = come("c1", "web");
    open("c1", ticket);
    (void)carry_out();
    book.distrust();
    (void)carry_out();
    EXPECT_EQ(module.fulls, 2U);
    EXPECT_EQ(module.rules("c1"), "open");
}

TEST_F(PolicyBooks, SayWhoseRulesAreInForceThen) {
    know_space();
    know_pod("web");
    come("c1", "web");
    come("c2", "unknown");
    const auto all = carry_out();
    ASSERT_EQ(all.size(), 1U);
    ASSERT_EQ(all[0].standings.size(), 2U);
    EXPECT_TRUE(all[0].standings[0].in_force);
    EXPECT_FALSE(all[0].standings[1].in_force);
}

TEST_F(PolicyBooks, ServeAModuleThatOnlyOldEndpointsHave) {
    know_space();
    know_policy();
    know_pod("web");
    come("c1", "web", true, "", "former");
    const auto all = carry_out();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].module, "former");
    EXPECT_FALSE(all[0].keys.empty());
    EXPECT_EQ(all[1].module, "nft");
    EXPECT_TRUE(all[1].keys.empty());
}

TEST_F(PolicyBooks, TellEverythingAgainWhenAnEndpointWasRepaired) {
    know_space();
    know_policy();
    know_pod("web");
    come("c1", "web");
    (void)carry_out();
    come("c1", "web", true);
    (void)carry_out();
    EXPECT_EQ(module.fulls, 2U);
    EXPECT_EQ(module.rules("c1"), "x/p");
}

}  // namespace
}  // namespace terway::daemon
