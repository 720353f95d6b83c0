// policy-felix finds its rules damaged by somebody.
#include <cstdlib>

#include "netlink/nft_read.hpp"
#include "policy_fixture.hpp"
#include "stream.hpp"

namespace terway::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class PolicyRepair : public PolicyFelix {
protected:
    PolicyRepair() {
        apply({pods("friends", {a_, a6_})},
              {rules("a", Rules::open(), Rules::open()),
               rules("b", Rules::only("friends", {set_id("friends")}), Rules::open())});
        into_b_ = "pi_" + cluster_.pod("x/b").endpoint.host_ifname();
        const auto there = chain(into_b_);
        for (const auto& rule : there) {
            group_ = rule.target.empty() ? group_ : rule.target;
        }
        before_ = there.size();
    }

    std::vector<netlink::nft::RuleFacts> chain(const std::string& name) {
        auto nft = netlink::Socket::in(cluster_.node("n1").fd(), NETLINK_NETFILTER);
        return netlink::nft::rules(nft, "terway-policy", name);
    }
    // In the calling thread's namespace, one of the test's own.
    static void nft(const std::string& command) {
        ASSERT_EQ(::system(("nft " + command).c_str()), 0) << command;  // NOLINT
    }
    // Counted from 0.
    static void delete_rule(const std::string& chain, std::size_t number) {
        const auto list = "nft -a list chain inet terway-policy " + chain +
                          " | sed -n 's/.* # handle \\([0-9]*\\)$/\\1/p' | sed -n " +
                          std::to_string(number + 2) + "p";  // the chain has a handle, too
        nft("delete rule inet terway-policy " + chain + " handle $(" + list + ")");
    }
    static void flush(const std::string& chain) { nft("flush chain inet terway-policy " + chain); }
    void expect_as_before() {
        EXPECT_EQ(chain(into_b_).size(), before_);
        EXPECT_THAT(check("b"), IsEmpty());
        EXPECT_TRUE(passes(pod("a"), b_));
        EXPECT_TRUE(passes(pod("a"), b6_));
        EXPECT_FALSE(leaks(pod("a"), b_, kShut));
        EXPECT_FALSE(leaks(cluster_.external("e1"), b_));
    }
    void expect_closed() {
        EXPECT_FALSE(leaks(pod("a"), b_));
        EXPECT_FALSE(leaks(cluster_.external("e1"), b_));
        EXPECT_TRUE(passes(cluster_.node("n1"), b_)) << "its own node";
        EXPECT_THAT(check("b"), HasSubstr("closed until the first update"));
        EXPECT_THAT(check("a"), IsEmpty());
    }
    void update() {
        apply({pods("friends", {a_, a6_})},
              {rules("a", Rules::open(), Rules::open()),
               rules("b", Rules::only("friends", {set_id("friends")}), Rules::open())});
    }

    std::string into_b_;
    std::string group_;
    std::size_t before_ = 0;
};

TEST_F(PolicyRepair, AnyRuleOfAPodsChainIsPutBackByTheAdoption) {
    for (std::size_t number = 0; number < before_; ++number) {
        cluster_.restart([&] { delete_rule(into_b_, number); });
        SCOPED_TRACE(number);
        expect_as_before();
    }
}

TEST_F(PolicyRepair, OneRuleThatIsLeftIsEnough) {
    cluster_.restart([&] {
        while (chain(into_b_).size() > 1) {
            delete_rule(into_b_, 1);
        }
    });
    expect_as_before();
}

TEST_F(PolicyRepair, AnEmptiedChainIsClosedUntilTheFirstUpdate) {
    cluster_.restart([&] { flush(into_b_); });
    expect_closed();
    cluster_.restart();  // and is known to be lost by the next one
    expect_closed();
    update();
    expect_as_before();
}

TEST_F(PolicyRepair, APodWhoseGroupLostARuleIsClosedUntilTheFirstUpdate) {
    ASSERT_FALSE(chain(group_).empty());
    cluster_.restart([&] { delete_rule(group_, 0); });
    expect_closed();
    update();
    expect_as_before();
}

TEST_F(PolicyRepair, ARuleThatSaysAnotherGroupOpensNothing) {
    cluster_.restart([&] {
        flush(into_b_);
        nft("insert rule inet terway-policy " + into_b_ + " counter comment '\"leads to gi2_" +
            std::string(32, '0') + " of 1 rules\"'");
    });
    expect_closed();
}

TEST_F(PolicyRepair, WhatWasPutInIsTakenOut) {
    cluster_.restart([&] { nft("insert rule inet terway-policy " + into_b_ + " accept"); });
    expect_as_before();
}

TEST_F(PolicyRepair, ADamagedGroupIsMendedByTheAdoptionOfADaemonThatKnowsIt) {
    cluster_.on_node("n1", [&] { delete_rule(group_, 0); });
    EXPECT_THAT(check("b"), HasSubstr("rules in chain " + group_));
    auto& of = cluster_.pod("x/b");
    cluster_.on_node("n1", [&] { cluster_.module("n1").adopt_policy(of.endpoint, of.made); });
    expect_as_before();
}

TEST_F(PolicyRepair, ARuleThatSomebodyAddsIsFoundAndTakenOut) {
    for (const std::string& name : {std::string("forward_ingress"), into_b_, group_}) {
        SCOPED_TRACE(name);
        cluster_.on_node("n1", [&] { nft("insert rule inet terway-policy " + name + " accept"); });
        EXPECT_THAT(check("b"), Not(IsEmpty()));
        auto& of = cluster_.pod("x/b");
        cluster_.on_node("n1", [&] { cluster_.module("n1").adopt_policy(of.endpoint, of.made); });
        update();
        expect_as_before();
    }
}

TEST_F(PolicyRepair, WhatOpenedWhileTheTableWasGoneIsCutByTheRepair) {
    cluster_.on_node("n1", [] {
        nft("'table inet other { chain f { type filter hook forward priority 0; "
            "ct state established accept; }; }'");
        nft("delete table inet terway-policy");
    });
    const Stream forbidden(cluster_.external("e1").fd(), pod("b").fd(), b_);
    const Stream fine(cluster_.external("e1").fd(), pod("a").fd(), a_);
    ASSERT_TRUE(forbidden.carries("all is open"));
    auto& of = cluster_.pod("x/a");
    cluster_.on_node("n1", [&] { cluster_.module("n1").adopt_policy(of.endpoint, of.made); });
    EXPECT_TRUE(eventually([&] { return !forbidden.carries("x", kSilence); }, patience()));
    EXPECT_TRUE(fine.carries("still there"));
    expect_as_before();
}

}  // namespace
}  // namespace terway::test
