// policy-felix by itself: what passes between pods, node and world, and what it leaves behind.
#include <atomic>
#include <thread>

#include "netlink/nft_read.hpp"
#include "policy_fixture.hpp"
#include "stream.hpp"

namespace terway::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

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
    EXPECT_TRUE(eventually([&] { return !forbidden.works(kSilence); }));
    EXPECT_TRUE(allowed.works());
}

// One pod's policy may not keep the others waiting: the kernel finds sets one after another.
TEST_F(PolicyFelix, ThousandsOfBlocksWithPortsOfTheirOwnAreNoThousandsOfSets) {
    constexpr unsigned kMany = 4000;
    std::vector<policy::SetChange> blocks;
    auto many = std::make_shared<RuleSet>();
    many->id = policy::id_of<policy::RuleSetId>("many");
    auto& tier = many->tiers.emplace_back();
    const auto rule = [&](const std::string& name, std::uint16_t port,
                          const policy::AddressRange& range) {
        auto& block = blocks.emplace_back();
        block.id = set_id(name);
        block.kind = policy::SetKind::Blocks;
        block.is_new = true;
        block.added.ranges = {range};
        tier.classes.push_back({Protocol::Tcp, port, port, {{Action::Allow, {false, {block.id}}}}});
        tier.classes.push_back({Protocol::Udp, port, port, {{Action::Allow, {false, {block.id}}}}});
    };
    rule("a", kOpen, {a_, a_});
    const auto first = address("172.16.0.0");
    for (unsigned i = 0; i < kMany; ++i) {
        const auto port = static_cast<std::uint16_t>(10'000 + i);
        rule(std::to_string(i), port, {first.plus(i), first.plus(i)});
    }
    apply(blocks, {rules("a", Rules::open(), Rules::open()), rules("b", many, Rules::open())});
    EXPECT_TRUE(passes(pod("a"), b_));
    EXPECT_FALSE(leaks(pod("a"), b_, 10'000));
    EXPECT_FALSE(leaks(cluster_.external("e1"), b_));
    auto nft = netlink::Socket::in(cluster_.node("n1").fd(), NETLINK_NETFILTER);
    EXPECT_LT(netlink::nft::sets(nft, "terway-policy").size(), 20U);
}

// Talks as fast as it can until there is no answer.
template <class Once>
class Busy {
public:
    explicit Busy(Once once)
        : thread_([this, once](const std::stop_token& stop) {
              while (!stop.stop_requested() && once()) {
                  ++rounds_;
              }
              has_ended_ = true;
          }) {}
    [[nodiscard]] bool has_ended() const { return has_ended_; }
    [[nodiscard]] unsigned rounds() const { return rounds_; }

private:
    std::atomic<unsigned> rounds_ = 0;
    std::atomic<bool> has_ended_ = false;
    std::jthread thread_;
};

TEST_F(PolicyFelix, AConnectionEndsThoughItsServersAnswerIsOnItsWay) {
    for (int round = 0; round < 3; ++round) {
        open_all();
        Talk talk(pod("a"), a_, pod("b"), b_, kShut);
        const Stream stream(pod("a").fd(), pod("b").fd(), b_);
        const Busy talking([&] { return talk.works(kSilence); });
        const Busy streaming([&] { return stream.carries("on and on", kSilence); });
        EXPECT_TRUE(eventually([&] { return talking.rounds() > 20 && streaming.rounds() > 20; }));
        apply({},
              {rules("a", Rules::open(), Rules::open()),
               rules("b", Rules::only("80", {}), Rules::open())},
              false);
        EXPECT_TRUE(eventually([&] { return talking.has_ended(); })) << "UDP";
        EXPECT_TRUE(eventually([&] { return streaming.has_ended(); })) << "TCP";
        EXPECT_FALSE(talk.works(kSilence));
        EXPECT_FALSE(stream.carries("again", kSilence));
    }
}

}  // namespace
}  // namespace terway::test
