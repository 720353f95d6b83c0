// A daemon with policy-bpf is killed at any moment.
#include <bpf/bpf.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <random>

#include "base/time.hpp"
#include "policy/abi_update.hpp"
#include "policy_bpf_node.hpp"

namespace terway::test {
namespace {

using testing::IsEmpty;

class PolicyBpfKill : public PolicyBpfNode {
protected:
    // Updates follow one another faster than what they leave is swept.
    static constexpr std::uint32_t kRoom = 65'536;

    PolicyBpfKill() : PolicyBpfNode(kRoom) {}

    // Alternately: "a" may go to kOpen of "b", or nobody may; among sets that come and go.
    [[nodiscard]] policy::Update update(bool is_open, unsigned round) {
        policy::Update made;
        made.revision = round;
        const auto name = "round " + std::to_string(round);
        std::vector<IpAddress> members;
        for (unsigned i = 0; i < 40; ++i) {
            members.push_back(address("172.16.0.0").plus(40 * round + i));
        }
        if (is_open) {
            members.push_back(a_);
        }
        made.sets = {pods(name, members)};
        made.endpoints = {rules("a", Rules::open(), Rules::open()),
                          rules("b", Rules::only(name, {set_id(name)}), Rules::open())};
        return made;
    }
    // In a process of its own, on the node, until it is killed.
    [[noreturn]] void live() {
        try {
            sdk::testing::FakeHost host;
            sdk::testing::ModuleUnderTest module(TERWAY_POLICY_BPF, host);
            module.configure(config(kRoom));
            const auto own = Prefix::host(node_address_).to_abi();
            module.start({}, {&own, 1});
            for (const auto* const name : {"x/a", "x/b"}) {
                auto& of = cluster_.pod(name);
                module.adopt_policy(of.endpoint, of.made);
            }
            for (unsigned round = 0;; ++round) {
                const policy::AbiUpdate lowered(
                    update(round % 2 == 0, round), true, [&](const auto& pod) {
                        const auto& of = cluster_.pod(pod.text()).endpoint;
                        return std::vector<policy::EndpointKey>{{of.container_id(), of.ifname()}};
                    });
                module.apply(lowered.raw());
            }
        } catch (const std::exception& error) {
            (void)std::fprintf(stderr, "the daemon of the test failed: %s\n", error.what());
            ::_exit(1);
        }
    }

    static std::uint64_t next_id() {
        const auto map = pinned("settings");
        const std::uint32_t first = 0;
        policy_settings facts{};
        EXPECT_EQ(::bpf_map_lookup_elem(map.get(), &first, &facts), 0);
        return facts.next_id;
    }
};

TEST_F(PolicyBpfKill, WhateverItWasAboutToDoNothingLeaksAndTheNextOneHasItsWay) {
    constexpr int kRounds = 12;
    constexpr unsigned kLongest = 400;  // ms
    guard({a_, a6_});
    std::mt19937 chance(7);  // NOLINT(cert-msc51-cpp): the same each time
    const Udp stranger(cluster_.external("e1").fd(), outside_, 5'000);
    const Udp server(pod("b").fd(), b_, kOpen);
    for (int round = 0; round < kRounds; ++round) {
        SCOPED_TRACE(round);
        // No thread of a module runs here now.
        cluster_.restart([&] {
            const auto child = ::fork();
            ASSERT_GE(child, 0);
            if (child == 0) {
                live();
            }
            const auto end = after(std::chrono::milliseconds(chance() % kLongest));
            while (Clock::now() < end) {
                stranger.send(b_, kOpen, "let me in");
                EXPECT_FALSE(server.receive(std::chrono::milliseconds(2)));
            }
            ASSERT_EQ(::kill(child, SIGKILL), 0);
            int status = 0;
            ASSERT_EQ(::waitpid(child, &status, 0), child);
            EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself";
            stranger.send(b_, kOpen, "let me in");
            EXPECT_FALSE(server.receive(std::chrono::milliseconds(20)));
        });
        EXPECT_THAT(check("a"), IsEmpty());
        EXPECT_THAT(check("b"), IsEmpty());
        stranger.send(b_, kOpen, "let me in");
        EXPECT_FALSE(server.receive(kSilence));
        const bool is_open = round % 2 == 0;
        guard(is_open ? std::vector{a_, a6_} : std::vector<IpAddress>{});
        const Udp friendly(pod("a").fd(), a_, static_cast<std::uint16_t>(6'000 + round));
        friendly.send(b_, kOpen, "hello");
        EXPECT_EQ(server.receive(is_open ? patience() : kSilence).has_value(), is_open);
        expect_closed_to_others();
    }
}

TEST_F(PolicyBpfKill, WhatItLeftInTheMapsGoes) {
    constexpr std::uint64_t kMany = 60;  // identifiers
    guard({a_, a6_});
    const auto members = pinned("members");
    const auto lists = pinned("lists");
    const auto rules = pinned("rules");
    const auto lists_before = count(lists);
    const auto rules_before = count(rules);
    cluster_.restart([&] {
        const auto begin = next_id();
        const auto child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            live();
        }
        EXPECT_TRUE(eventually([&] { return next_id() > begin + kMany; }));
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    });
    EXPECT_GT(count(members), 2U);
    guard({a_, a6_});
    EXPECT_TRUE(eventually([&] { return count(members) == 2; })) << count(members);
    EXPECT_TRUE(eventually([&] { return count(lists) == lists_before; })) << count(lists);
    EXPECT_TRUE(eventually([&] { return count(rules) == rules_before; })) << count(rules);
    expect_guarded();
}

}  // namespace
}  // namespace terway::test
