// What rules become, beside what a data plane must answer that carries them out, for rules by
// chance.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "element_model.hpp"
#include "policy/picture.hpp"
#include "policy/ranges.hpp"

namespace terway::policy_bpf {
namespace {

using policy::Action;
using policy::AddressRange;
using policy::AddressSet;
using policy::Protocol;
using policy::SetKind;

constexpr std::array kProtocols{Protocol::Tcp, Protocol::Udp, Protocol::Sctp};
constexpr std::array<std::uint16_t, 6> kPorts{0, 53, 80, 443, 8080, 65535};

IpAddress ip(const std::string& text) {
    return IpAddress::parse(text).value();
}

const std::vector<IpAddress>& addresses() {
    static const std::vector<IpAddress> kAll{
        ip("0.0.0.0"),  ip("10.0.0.1"), ip("10.0.0.2"), ip("10.0.0.255"),  ip("10.0.1.0"),
        ip("10.1.0.1"), ip("::1"),      ip("fd00::1"),  ip("fd00::2"),     ip("fd00::1:0:0"),
        ip("fe80::1"),  ip("::2:0:0"),  ip("8.8.8.8"),  ip("2001:db8::7"), ip("255.255.255.255")};
    return kAll;
}

class Chance {
public:
    explicit Chance(std::uint64_t seed) : engine_(seed) {}
    std::size_t below(std::size_t limit) { return engine_() % limit; }
    bool percent(unsigned chance) { return below(100) < chance; }
    template <class List>
    const auto& pick(const List& list) {
        return list[below(list.size())];
    }

private:
    std::mt19937_64 engine_;
};

std::vector<AddressRange> random_ranges(Chance& chance) {
    static const std::vector<std::string> kBlocks{
        "0.0.0.0/0",   "::/0",        "10.0.0.0/8",    "10.0.0.0/24", "10.0.0.0/31",
        "10.0.0.1/32", "fd00::/8",    "fd00::1/128",   "::/1",        "fd00::/64",
        "::/64",       "255.0.0.0/8", "2001:db8::/32", "::/80"};
    std::vector<kube::IpBlock> blocks;
    for (auto count = 1 + chance.below(3); count > 0; --count) {
        kube::IpBlock block;
        block.cidr = Prefix::parse(chance.pick(kBlocks)).value();
        for (auto exceptions = chance.below(3); exceptions > 0; --exceptions) {
            const auto except = Prefix::parse(chance.pick(kBlocks)).value();
            if (block.cidr.contains(except.address()) && except.length() > block.cidr.length()) {
                block.except.push_back(except);
            }
        }
        blocks.push_back(std::move(block));
    }
    return policy::ranges_of(blocks);
}

AddressSet random_set(Chance& chance, std::size_t number) {
    AddressSet set;
    set.id = policy::id_of<policy::SetId>(std::to_string(number));
    set.kind = static_cast<SetKind>(chance.below(3));
    set.protocol = chance.pick(kProtocols);
    for (const auto& address : addresses()) {
        if (!chance.percent(35)) {
            continue;
        }
        if (set.kind == SetKind::Pods) {
            set.members.addresses.push_back(address);
        } else if (set.kind == SetKind::Named) {
            set.members.ports.push_back({address, chance.pick(kPorts)});
        }
    }
    if (set.kind == SetKind::Blocks) {
        set.members.ranges = random_ranges(chance);
    }
    std::sort(set.members.addresses.begin(), set.members.addresses.end());
    std::sort(set.members.ports.begin(), set.members.ports.end());
    return set;
}

class RandomRules {
public:
    RandomRules(Chance& chance, const std::vector<AddressSet>& sets) : chance_(chance) {
        for (const auto& set : sets) {
            (set.kind == SetKind::Named ? named_ : plain_).push_back(set.id);
        }
    }

    policy::RuleSet make() {
        policy::RuleSet rules;
        rules.tiers.resize(chance_.below(POLICY_TIERS + 1));
        for (auto& tier : rules.tiers) {
            tier.otherwise = action();
            tier.other = matches();
            for (const auto protocol : kProtocols) {
                add_classes(tier, protocol);
            }
            for (const auto& id : named_) {
                if (chance_.percent(50)) {
                    tier.named.push_back(id);
                }
            }
        }
        return rules;
    }

private:
    Action action() { return static_cast<Action>(chance_.below(3)); }
    std::vector<policy::Match> matches() {
        std::vector<policy::Match> out(chance_.below(4));
        for (auto& match : out) {
            match.action = action();
            match.peers.any = chance_.percent(15);
            for (const auto& id : plain_) {
                if (chance_.percent(30)) {
                    match.peers.sets.push_back(id);
                }
            }
        }
        return out;
    }
    // Disjoint, ascending.
    void add_classes(policy::Tier& tier, Protocol protocol) {
        if (chance_.percent(15)) {
            tier.classes.push_back({protocol, 0, 65535, matches()});
            return;
        }
        std::uint32_t next = 0;
        for (auto count = chance_.below(4); count > 0 && next <= 65535; --count) {
            const auto first = next + (chance_.percent(50) ? 0 : chance_.below(500));
            const auto last = std::min<std::size_t>(first + chance_.below(9'000), 65535);
            if (first > 65535) {
                return;
            }
            tier.classes.push_back({protocol, static_cast<std::uint16_t>(first),
                                    static_cast<std::uint16_t>(last), matches()});
            next = static_cast<std::uint32_t>(last) + 1;
        }
    }

    Chance& chance_;
    std::vector<policy::SetId> plain_;
    std::vector<policy::SetId> named_;
};

std::vector<std::uint16_t> ports_to_ask(Chance& chance, const policy::RuleSet& rules) {
    std::vector<std::uint16_t> out(kPorts.begin(), kPorts.end());
    for (const auto& tier : rules.tiers) {
        for (const auto& each : tier.classes) {
            for (const int port :
                 {each.first - 1, int{each.first}, int{each.last}, each.last + 1}) {
                out.push_back(static_cast<std::uint16_t>(port));
            }
        }
    }
    out.push_back(static_cast<std::uint16_t>(chance.below(65536)));
    return out;
}

TEST(CompiledRules, AnswerAsTheRulesDo) {
    constexpr int kRounds = 150;
    std::size_t allowed = 0;
    std::size_t asked = 0;
    for (int round = 0; round < kRounds; ++round) {
        Chance chance(static_cast<std::uint64_t>(round));
        std::vector<AddressSet> sets;
        policy::Update update;
        for (std::size_t count = 1 + chance.below(7); count > 0; --count) {
            sets.push_back(random_set(chance, count));
            update.sets.push_back({sets.back().id,
                                   sets.back().kind,
                                   sets.back().protocol,
                                   true,
                                   sets.back().members,
                                   {}});
        }
        policy::Picture picture;
        picture.apply(update);
        const ElementModel model(sets);
        const auto rules = RandomRules(chance, sets).make();
        const auto compiled = model.compile(rules);
        const auto ports = ports_to_ask(chance, rules);
        for (const auto& peer : addresses()) {
            ASSERT_EQ(model.allows(compiled, 1, 0, peer), picture.allows_other(rules, peer))
                << "round " << round << ", ICMP with " << peer.text() << '\n'
                << text_of(rules);
            for (const auto protocol : kProtocols) {
                for (const auto port : ports) {
                    const bool expected = picture.allows(rules, {peer, protocol, port});
                    ASSERT_EQ(model.allows(compiled, policy::number_of(protocol), port, peer),
                              expected)
                        << "round " << round << ", " << policy::name_of(protocol) << " port "
                        << port << " with " << peer.text() << '\n'
                        << text_of(rules);
                    allowed += expected ? 1 : 0;
                    ++asked;
                }
            }
        }
    }
    EXPECT_GT(allowed, asked / 10) << "rules by chance that hardly allow anything show little";
    EXPECT_LT(allowed, asked / 10 * 9);
}

}  // namespace
}  // namespace terway::policy_bpf
