// As many packets as go, to a port that is denied and to one that is allowed, while everything else
// about the policies changes: none of the former arrives, and all of the latter do.
#include <gtest/gtest.h>

#include <string>

#include "policy_cluster.hpp"
#include "udp_flood.hpp"

namespace terway::test {
namespace {

using policy::Action;
using policy::Match;
using policy::Protocol;
using policy::RuleSet;
using policy::SetId;

constexpr std::uint64_t kPackets = 100'000;  // of each kind, at least
constexpr int kRounds = 25;                  // of changes, at least

IpAddress address(const std::string& text) {
    return IpAddress::parse(text).value();
}

class PolicyFlood : public testing::TestWithParam<PolicyModule> {
protected:
    PolicyFlood() {
        cluster_.add_node("n1", {address("192.168.9.1")});
        cluster_.add_pod("x/a", "n1", {a_});
        cluster_.add_pod("x/b", "n1", {b_});
        say_all(open(), guard("first", "friends"));
    }

    static SetId set_id(const std::string& name) { return policy::id_of<SetId>(name); }
    static std::shared_ptr<const RuleSet> open() {
        auto made = std::make_shared<RuleSet>();
        made->id = policy::id_of<policy::RuleSetId>("open");
        return made;
    }
    // The open port for whom the set has, by way of another rule set each time.
    static std::shared_ptr<const RuleSet> guard(const std::string& name, const std::string& set,
                                                std::uint16_t more = 0) {
        auto made = std::make_shared<RuleSet>();
        made->id = policy::id_of<policy::RuleSetId>(name + set + std::to_string(more));
        const Match match{Action::Allow, {false, {set_id(set)}}};
        auto& classes = made->tiers.emplace_back().classes;
        classes.push_back({Protocol::Udp, kOpenPort, kOpenPort, {match}});
        if (more != 0) {
            classes.push_back({Protocol::Udp, more, static_cast<std::uint16_t>(more + 9), {match}});
        }
        return made;
    }
    policy::SetChange friends(const std::string& set, bool is_new = true) const {
        policy::SetChange change;
        change.id = set_id(set);
        change.is_new = is_new;
        if (is_new) {
            change.added.addresses = {a_};
        }
        return change;
    }
    void say(const policy::Update& update, bool is_full) { cluster_.apply(update, is_full); }
    void say_all(std::shared_ptr<const RuleSet> of_a, std::shared_ptr<const RuleSet> of_b,
                 const std::string& set = "friends") {
        policy::Update update;
        update.sets = {friends(set)};
        update.endpoints = {{{"x", "a"}, 1, open(), std::move(of_a), {}},
                            {{"x", "b"}, 1, std::move(of_b), open(), {}}};
        say(update, true);
    }
    void say_b(std::shared_ptr<const RuleSet> rules) {
        policy::Update update;
        update.endpoints = {{{"x", "b"}, 1, std::move(rules), open(), {}}};
        say(update, false);
    }

    // Changes until enough packets have met enough changes; `change` is told the round.
    void expect_firm(const std::function<void(int)>& change) {
        const Arrivals seen(cluster_.pod("x/b").netns.fd());
        Flood flood(cluster_.pod("x/a").netns.fd(), a_, b_);
        for (int round = 0; round < kRounds || flood.sent() < kPackets; ++round) {
            change(round);
        }
        const auto sent = flood.stop();
        EXPECT_EQ(seen.shut(), 0U) << "of " << sent << " denied packets";
        EXPECT_EQ(seen.open(), sent);
    }

    const IpAddress a_ = address("10.7.0.1");
    const IpAddress b_ = address("10.7.0.2");
    PolicyCluster cluster_{Dataplane::Veth, GetParam()};
};

TEST_P(PolicyFlood, RulesThatSayTheSameInOtherWords) {
    expect_firm([&](int round) {
        const auto more = static_cast<std::uint16_t>(1000 + 10 * (round % 50));
        say_b(guard("round", "friends", round % 3 == 0 ? 0 : more));
    });
}

TEST_P(PolicyFlood, SetsThatComeAndGo) {
    std::string last = "friends";
    expect_firm([&](int round) {
        const auto set = "friends" + std::to_string(round % 7);
        policy::Update update;
        update.sets = {friends(set)};
        update.endpoints = {{{"x", "b"}, 1, guard("sets", set), open(), {}}};
        update.gone_sets = {set_id(last)};
        say(update, false);
        last = set;
    });
}

TEST_P(PolicyFlood, MembersThatComeAndGo) {
    expect_firm([&](int round) {
        policy::Update update;
        auto change = friends("friends", false);
        auto& members = round % 2 == 0 ? change.added.addresses : change.removed.addresses;
        for (int i = 1; i <= 200; ++i) {
            members.push_back(address("10.8.0.0").plus(static_cast<std::uint64_t>(i)));
        }
        update.sets = {change};
        say(update, false);
    });
}

TEST_P(PolicyFlood, OtherPodsThatComeAndGo) {
    expect_firm([&](int round) {
        if (round % 2 == 0) {
            cluster_.add_pod("x/c", "n1", {address("10.7.0.3")});
            policy::Update update;
            update.endpoints = {{{"x", "c"}, 1, guard("c", "friends"), open(), {}}};
            say(update, false);
        } else {
            cluster_.remove_pod("x/c");
        }
    });
}

TEST_P(PolicyFlood, DaemonsThatComeAndGo) {
    expect_firm([&](int round) {
        cluster_.restart();
        say_all(open(), guard("daemon" + std::to_string(round % 5), "friends"));
    });
}

TEST_P(PolicyFlood, FullUpdatesThatSaySomethingElseEachTime) {
    expect_firm([&](int round) {
        const auto set = "friends" + std::to_string(round % 7);
        say_all(open(), guard("full", set), set);
    });
}

INSTANTIATE_TEST_SUITE_P(Modules, PolicyFlood,
                         testing::Values(PolicyModule::Felix, PolicyModule::Bpf),
                         [](const auto& each) { return name_of(each.param); });

}  // namespace
}  // namespace terway::test
