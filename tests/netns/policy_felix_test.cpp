// policy-felix by itself: what passes between pods, node and world, and what it leaves behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "netlink/nft_batch.hpp"
#include "netlink/nft_read.hpp"
#include "policy_cluster.hpp"
#include "policy_probe.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using policy::Action;
using policy::Match;
using policy::Protocol;
using policy::RuleSet;
using policy::SetId;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint16_t kOpen = 80;
constexpr std::uint16_t kShut = 81;
constexpr std::chrono::milliseconds kUsual{500};
constexpr std::chrono::milliseconds kSilence{150};

IpAddress address(const std::string& text) {
    return IpAddress::parse(text).value();
}

// Rule sets by name, and updates that say them.
struct Rules {
    static std::shared_ptr<const RuleSet> open() {
        auto made = std::make_shared<RuleSet>();
        made->id = policy::id_of<policy::RuleSetId>("open");
        return made;
    }
    // TCP and UDP to kOpen with whom the sets have; nothing else.
    static std::shared_ptr<const RuleSet> only(const std::string& name, std::vector<SetId> sets) {
        auto made = std::make_shared<RuleSet>();
        made->id = policy::id_of<policy::RuleSetId>(name);
        auto& tier = made->tiers.emplace_back();
        const Match match{Action::Allow, {sets.empty(), std::move(sets)}};
        tier.classes = {{Protocol::Tcp, kOpen, kOpen, {match}},
                        {Protocol::Udp, kOpen, kOpen, {match}}};
        return made;
    }
    static std::shared_ptr<const RuleSet> nothing() {
        auto made = std::make_shared<RuleSet>();
        made->id = policy::id_of<policy::RuleSetId>("nothing");
        made->tiers.emplace_back();
        return made;
    }
};

SetId set_id(const std::string& name) {
    return policy::id_of<SetId>(name);
}

policy::SetChange pods(const std::string& name, std::vector<IpAddress> addresses) {
    policy::SetChange change;
    change.id = set_id(name);
    change.is_new = true;
    change.added.addresses = std::move(addresses);
    return change;
}

// Two UDP sockets that talk to each other.
class Talk {
public:
    Talk(const Netns& from, const IpAddress& own, const Netns& to, const IpAddress& address,
         std::uint16_t port)
        : to_(address),
          port_(port),
          client_(from.fd(), own, static_cast<std::uint16_t>(port + 1000)),
          server_(to.fd(), address, port) {}

    bool works(std::chrono::milliseconds limit = patience()) {
        client_.send(to_, port_, "question");
        const auto asked = server_.receive(limit);
        if (!asked) {
            return false;
        }
        server_.send(asked->from, asked->port, "answer");
        return client_.receive(limit).has_value();
    }

private:
    IpAddress to_;
    std::uint16_t port_;
    Udp client_;
    Udp server_;
};

class PolicyFelix : public testing::Test {
protected:
    PolicyFelix() {
        cluster_.add_node("n1", {address("192.168.9.1"), address("fd00:9::1")});
        cluster_.add_external("e1", {address("203.0.113.9"), address("fd00:8::9")});
        cluster_.add_pod("x/a", "n1", {a_, a6_});
        cluster_.add_pod("x/b", "n1", {b_, b6_});
    }

    policy::EndpointRules rules(const std::string& name, std::shared_ptr<const RuleSet> ingress,
                                std::shared_ptr<const RuleSet> egress) {
        return {{"x", name}, ++revision_, std::move(ingress), std::move(egress), {}};
    }
    void apply(std::vector<policy::SetChange> sets, std::vector<policy::EndpointRules> endpoints,
               bool is_full = true) {
        policy::Update update;
        update.revision = ++revision_;
        update.sets = std::move(sets);
        update.endpoints = std::move(endpoints);
        cluster_.apply(update, is_full);
    }
    void open_all() {
        apply({},
              {rules("a", Rules::open(), Rules::open()), rules("b", Rules::open(), Rules::open())});
    }
    // Connections come to be, by TCP and by UDP.
    // Tried again, for a single packet of UDP may be lost on a busy machine.
    static bool passes(const Netns& from, const IpAddress& to, std::uint16_t port = kOpen) {
        const auto both = [&](std::chrono::milliseconds limit) {
            return reached(from, to, port, limit) == 2;
        };
        return both(kUsual) || both(kUsual) || both(patience());
    }
    // One of them does, although none should.
    static bool leaks(const Netns& from, const IpAddress& to, std::uint16_t port = kOpen) {
        return reached(from, to, port, kSilence) != 0;
    }
    static int reached(const Netns& from, const IpAddress& to, std::uint16_t port,
                       std::chrono::milliseconds limit) {
        std::vector<Attempt> attempts{{&from, std::nullopt, to, Protocol::Tcp, port, true},
                                      {&from, std::nullopt, to, Protocol::Udp, port, true}};
        const auto found = probe(attempts, limit);
        return static_cast<int>(std::count(found.begin(), found.end(), true));
    }
    const Netns& pod(const std::string& name) { return cluster_.pod("x/" + name).netns; }
    std::string check(const std::string& name) {
        try {
            auto& of = cluster_.pod("x/" + name);
            cluster_.on_node("n1",
                             [&] { cluster_.module("n1").check_policy(of.endpoint, of.made); });
            return {};
        } catch (const Error& error) {
            return error.what();
        }
    }
    twy_policy_counters observe(const std::string& name) {
        auto& of = cluster_.pod("x/" + name);
        twy_policy_counters out{};
        cluster_.on_node("n1",
                         [&] { out = cluster_.module("n1").observe_policy(of.endpoint, of.made); });
        return out;
    }
    void destroy_table() {
        auto nft = netlink::Socket::in(cluster_.node("n1").fd(), NETLINK_NETFILTER);
        netlink::nft::Batch batch("terway-policy");
        batch.delete_table();
        batch.commit(nft, "delete the table");
    }

    const IpAddress a_ = address("10.7.0.1");
    const IpAddress b_ = address("10.7.0.2");
    const IpAddress a6_ = address("fd00:7::1");
    const IpAddress b6_ = address("fd00:7::2");
    const IpAddress outside_ = address("203.0.113.9");
    const IpAddress node_address_ = address("192.168.9.1");
    std::uint64_t revision_ = 0;
    PolicyCluster cluster_;
};

TEST_F(PolicyFelix, APodIsClosedUntilItsRulesCome) {
    EXPECT_FALSE(leaks(pod("a"), b_));
    EXPECT_FALSE(leaks(pod("a"), b6_));
    EXPECT_FALSE(leaks(pod("a"), outside_));
    EXPECT_FALSE(leaks(cluster_.external("e1"), b_));
    EXPECT_TRUE(passes(cluster_.node("n1"), b_)) << "its own node";
    open_all();
    EXPECT_TRUE(passes(pod("a"), b_));
    EXPECT_TRUE(passes(pod("a"), b6_));
    EXPECT_TRUE(passes(pod("a"), outside_));
    EXPECT_TRUE(passes(cluster_.external("e1"), b_));
    EXPECT_THAT(check("a"), IsEmpty());
}

TEST_F(PolicyFelix, APodMayBeOpenedBeforeEverythingIsTold) {
    apply({}, {rules("a", Rules::open(), Rules::open())}, false);
    EXPECT_TRUE(passes(pod("a"), outside_));
    EXPECT_FALSE(leaks(cluster_.external("e1"), b_)) << "of the other nothing was said";
}

TEST_F(PolicyFelix, APodMayBeOpenedWhileOthersKeepTheRulesOfAnEarlierDaemon) {
    apply({pods("friends", {a_})},
          {rules("a", Rules::open(), Rules::open()),
           rules("b", Rules::only("friends", {set_id("friends")}), Rules::open())});
    cluster_.restart();
    apply({}, {rules("a", Rules::open(), Rules::open())}, false);
    EXPECT_TRUE(passes(pod("a"), b_));
    EXPECT_FALSE(leaks(cluster_.external("e1"), b_));
    EXPECT_FALSE(leaks(pod("a"), b_, kShut));
}

TEST_F(PolicyFelix, OnlyWhomTheRulesNameGetsIn) {
    apply({pods("friends", {a_, a6_})},
          {rules("a", Rules::open(), Rules::open()),
           rules("b", Rules::only("friends", {set_id("friends")}), Rules::open())});
    EXPECT_TRUE(passes(pod("a"), b_));
    EXPECT_TRUE(passes(pod("a"), b6_));
    EXPECT_FALSE(leaks(pod("a"), b_, kShut));
    EXPECT_FALSE(leaks(cluster_.external("e1"), b_));
    EXPECT_TRUE(passes(cluster_.node("n1"), b_, kShut));
    EXPECT_TRUE(passes(pod("b"), a_, kShut));
    EXPECT_THAT(check("b"), IsEmpty());
    const auto seen = observe("b");
    EXPECT_GE(seen.ingress.allowed, 2U);
    EXPECT_GE(seen.ingress.denied, 2U);
}

TEST_F(PolicyFelix, OnlyWhatTheRulesNameGetsOut) {
    apply({}, {rules("a", Rules::open(), Rules::only("80", {})),
               rules("b", Rules::open(), Rules::open())});
    EXPECT_TRUE(passes(pod("a"), b_));
    EXPECT_FALSE(leaks(pod("a"), b_, kShut));
    EXPECT_TRUE(passes(pod("a"), outside_));
    EXPECT_FALSE(leaks(pod("a"), outside_, kShut));
    EXPECT_FALSE(leaks(pod("a"), node_address_, kShut)) << "its own node";
    EXPECT_TRUE(passes(pod("a"), node_address_));
    EXPECT_TRUE(passes(pod("a"), a_, kShut)) << "itself";
}

TEST_F(PolicyFelix, AMemberMoreOrLessIsADifferenceOfOneElement) {
    apply({pods("friends", {})},
          {rules("a", Rules::open(), Rules::open()),
           rules("b", Rules::only("friends", {set_id("friends")}), Rules::open())});
    EXPECT_FALSE(leaks(pod("a"), b_));
    auto change = pods("friends", {a_});
    change.is_new = false;
    apply({change}, {}, false);
    EXPECT_TRUE(passes(pod("a"), b_));
    std::swap(change.added, change.removed);
    apply({change}, {}, false);
    EXPECT_FALSE(leaks(pod("a"), b_));
}

TEST_F(PolicyFelix, AnotherDaemonKeepsTheRulesUntilItHasItsOwn) {
    apply({pods("friends", {a_})},
          {rules("a", Rules::open(), Rules::open()),
           rules("b", Rules::only("friends", {set_id("friends")}), Rules::open())});
    cluster_.restart();
    EXPECT_TRUE(passes(pod("a"), b_));
    EXPECT_FALSE(leaks(cluster_.external("e1"), b_));
    EXPECT_THAT(check("b"), IsEmpty());
    apply({pods("friends", {outside_})},
          {rules("a", Rules::open(), Rules::open()),
           rules("b", Rules::only("friends", {set_id("friends")}), Rules::open())});
    EXPECT_FALSE(leaks(pod("a"), b_));
    EXPECT_TRUE(passes(cluster_.external("e1"), b_));
}

TEST_F(PolicyFelix, WhoDeletesTheTableIsToldOnAndTheNextApplyRepairsIt) {
    apply({},
          {rules("a", Rules::open(), Rules::open()), rules("b", Rules::nothing(), Rules::open())});
    EXPECT_FALSE(leaks(pod("a"), b_));
    destroy_table();
    EXPECT_TRUE(passes(pod("a"), b_));
    EXPECT_THAT(check("b"), HasSubstr("has no chain"));
    apply({}, {}, false);
    EXPECT_THAT(check("b"), IsEmpty());
    EXPECT_FALSE(leaks(pod("a"), b_));
}

TEST_F(PolicyFelix, WhatNobodyNeedsGoesAndWhatADetachedPodHadAtOnce) {
    apply({pods("friends", {a_})},
          {rules("a", Rules::open(), Rules::open()),
           rules("b", Rules::only("friends", {set_id("friends")}), Rules::open())});
    open_all();
    auto nft = netlink::Socket::in(cluster_.node("n1").fd(), NETLINK_NETFILTER);
    const auto sets_of_rules = [&] {
        auto names = netlink::nft::sets(nft, "terway-policy");
        std::erase_if(names, [](const auto& name) { return name.starts_with("pods_"); });
        return names;
    };
    EXPECT_TRUE(eventually([&] { return sets_of_rules().empty(); }));
    const auto link = cluster_.pod("x/a").endpoint.host_ifname();
    cluster_.remove_pod("x/a");
    for (const auto& [name, _] : netlink::nft::chains(nft, "terway-policy")) {
        EXPECT_FALSE(name.ends_with(link)) << name;
    }
}

TEST_F(PolicyFelix, RulesThatOnlyADetachedPodHadGoWithoutAFurtherUpdate) {
    open_all();
    auto nft = netlink::Socket::in(cluster_.node("n1").fd(), NETLINK_NETFILTER);
    const auto has_groups = [&] {
        const auto chains = netlink::nft::chains(nft, "terway-policy");
        return std::any_of(chains.begin(), chains.end(), [](const auto& chain) {
            return chain.first.starts_with("ge") || chain.first.starts_with("gi");
        });
    };
    EXPECT_TRUE(has_groups());
    for (const auto& name : cluster_.pods()) {
        cluster_.remove_pod(name);
    }
    EXPECT_TRUE(eventually([&] { return !has_groups(); }));
}

TEST_F(PolicyFelix, AConnectionThatBecomesForbiddenEndsAndOthersGoOn) {
    open_all();
    Talk forbidden(pod("a"), a_, pod("b"), b_, kShut);
    Talk allowed(pod("a"), a_, pod("b"), b_, kOpen);
    EXPECT_TRUE(forbidden.works());
    EXPECT_TRUE(allowed.works());
    apply({},
          {rules("a", Rules::open(), Rules::open()),
           rules("b", Rules::only("80", {}), Rules::open())},
          false);
    EXPECT_FALSE(forbidden.works(kSilence));
    EXPECT_TRUE(allowed.works());
}

}  // namespace
}  // namespace terway::test
