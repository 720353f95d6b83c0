// Two pods and a world outside, on a node whose policies a module enforces; rules by name.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "netlink/nft_batch.hpp"
#include "policy_cluster.hpp"
#include "policy_probe.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"

namespace terway::test {

using policy::Action;
using policy::Match;
using policy::Protocol;
using policy::RuleSet;
using policy::SetId;

inline constexpr std::uint16_t kOpen = 80;
inline constexpr std::uint16_t kShut = 81;
inline constexpr std::chrono::milliseconds kUsual{500};
inline constexpr std::chrono::milliseconds kSilence{150};

inline IpAddress address(const std::string& text) {
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

inline SetId set_id(const std::string& name) {
    return policy::id_of<SetId>(name);
}

inline policy::SetChange pods(const std::string& name, std::vector<IpAddress> addresses) {
    policy::SetChange change;
    change.id = set_id(name);
    change.is_new = true;
    change.added.addresses = std::move(addresses);
    return change;
}

class PolicyNode : public testing::Test {
protected:
    explicit PolicyNode(PolicyModule module, sdk::testing::ConfigTable config = {})
        : cluster_(Dataplane::Veth, module) {
        cluster_.configure(std::move(config));
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
    // Connections come to be, by TCP and by UDP. Tried again, for a single packet may be lost on a
    // busy machine.
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
    const IpAddress a_ = address("10.7.0.1");
    const IpAddress b_ = address("10.7.0.2");
    const IpAddress a6_ = address("fd00:7::1");
    const IpAddress b6_ = address("fd00:7::2");
    const IpAddress outside_ = address("203.0.113.9");
    const IpAddress node_address_ = address("192.168.9.1");
    std::uint64_t revision_ = 0;
    PolicyCluster cluster_;
};

class PolicyFelix : public PolicyNode {
protected:
    PolicyFelix() : PolicyNode(PolicyModule::Felix) {}

    void destroy_table() {
        auto nft = netlink::Socket::in(cluster_.node("n1").fd(), NETLINK_NETFILTER);
        netlink::nft::Batch batch("terway-policy");
        batch.delete_table();
        batch.commit(nft, "delete the table");
    }
};

}  // namespace terway::test
