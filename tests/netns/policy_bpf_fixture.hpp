// A pod of policy-bpf and whom it meets, packet by packet.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "compile.hpp"
#include "own_bpffs.hpp"
#include "packet_builder.hpp"
#include "policy_programs.hpp"

namespace terway::test {

using policy::Action;
using policy::Protocol;

inline IpAddress ip(const std::string& text) {
    return IpAddress::parse(text).value();
}
inline policy::SetId set_id(const std::string& name) {
    return policy::id_of<policy::SetId>(name);
}
inline policy::Match match(Action action, const std::vector<std::string>& sets = {}) {
    policy::Match made{action, {sets.empty(), {}}};
    for (const auto& name : sets) {
        made.peers.sets.push_back(set_id(name));
    }
    return made;
}

class PolicyPackets : public testing::Test {
protected:
    static constexpr std::uint16_t kLocal = 40'000;
    static constexpr std::uint16_t kOpen = 80;
    static constexpr std::uint16_t kShut = 81;

    PolicyPackets() {
        programs_.settings().node_v4 = policy_bpf::address_of(node_);
        programs_.settings().node_v6 = policy_bpf::address_of(node6_);
        pod_ = programs_.add_endpoint({me_, me6_});
    }
    static policy_bpf::Options options() {
        policy_bpf::Options made;
        made.bpffs = own_bpffs();
        made.connections = made.members = made.blocks = made.rules = 1'024;
        return made;
    }

    // Rules of one tier.
    static policy::RuleSet rules(const std::string& name, policy::Tier tier) {
        policy::RuleSet made;
        made.id = policy::id_of<policy::RuleSetId>(name);
        made.tiers.push_back(std::move(tier));
        return made;
    }
    // TCP, UDP and SCTP to kOpen, and all without ports, with the friend; nothing else.
    static policy::RuleSet friendly() {
        policy::Tier tier;
        for (const auto protocol : {Protocol::Tcp, Protocol::Udp, Protocol::Sctp}) {
            tier.classes.push_back({protocol, kOpen, kOpen, {match(Action::Allow, {"friends"})}});
        }
        tier.other = {match(Action::Allow, {"friends"})};
        return rules("friendly", std::move(tier));
    }
    static policy::RuleSet open() { return {}; }
    static policy::RuleSet nothing() { return rules("nothing", {}); }

    void know(const std::string& name, std::vector<IpAddress> addresses) {
        policy::SetChange change;
        change.id = set_id(name);
        change.is_new = true;
        change.added.addresses = std::move(addresses);
        add(std::move(change));
    }
    void add(policy::SetChange change) {
        programs_.store().add(std::vector<policy::SetChange>{std::move(change)});
    }
    void know_friends() { know("friends", {friend_, friend6_}); }
    void switch_to(const policy::RuleSet& ingress, const policy::RuleSet& egress) {
        const auto in = programs_.store().rules(ingress);
        const auto out = programs_.store().rules(egress);
        pod().rules = static_cast<std::uint64_t>(in) << 32U | out;
    }
    // Both directions.
    void be_friendly() {
        know_friends();
        switch_to(friendly(), friendly());
    }
    policy_endpoint& pod() { return programs_.endpoint(pod_); }

    // From the pod, and to it.
    [[nodiscard]] Ruling out(const PacketBuilder& packet) const { return out(packet.frame()); }
    [[nodiscard]] Ruling in(const PacketBuilder& packet) const { return in(packet.frame()); }
    [[nodiscard]] Ruling out(const Bytes& frame) const {
        return programs_.run(Way::Egress, pod_, frame);
    }
    [[nodiscard]] Ruling in(const Bytes& frame) const {
        return programs_.run(Way::Ingress, pod_, frame);
    }

    // Packets between the pod and somebody of the same family.
    [[nodiscard]] PacketBuilder to(const IpAddress& peer) const {
        return {peer.is_v4() ? me_ : me6_, peer};
    }
    [[nodiscard]] PacketBuilder from(const IpAddress& peer) const {
        return {peer, peer.is_v4() ? me_ : me6_};
    }

    [[nodiscard]] std::vector<policy_connection_key> connections() const {
        return programs_.state().connections().keys([](const auto&) { return true; });
    }
    // The only one there is.
    [[nodiscard]] policy_connection connection() const {
        const auto all = connections();
        EXPECT_EQ(all.size(), 1U);
        return all.size() == 1 ? programs_.state().connections().find(all[0]).value()
                               : policy_connection{};
    }
    // All are as if their last packet had been that long ago.
    void age(std::uint64_t seconds) const {
        for (const auto& key : connections()) {
            auto of = programs_.state().connections().find(key).value();
            of.seen -= seconds * POLICY_SECOND;
            of.cut -= seconds * POLICY_SECOND;
            programs_.state().connections().put(key, of);
        }
    }
    void forget_connections() const {
        for (const auto& key : connections()) {
            programs_.state().connections().remove(key);
        }
    }
    [[nodiscard]] policy_counter counter() const { return programs_.state().counter(pod_); }

    const IpAddress me_ = ip("10.7.0.1");
    const IpAddress me6_ = ip("fd00:7::1");
    const IpAddress friend_ = ip("10.7.0.2");
    const IpAddress friend6_ = ip("fd00:7::2");
    const IpAddress stranger_ = ip("203.0.113.9");
    const IpAddress stranger6_ = ip("fd00:8::9");
    const IpAddress node_ = ip("192.168.9.1");
    const IpAddress node6_ = ip("fd00:9::1");
    PolicyPrograms programs_{options()};
    std::uint32_t pod_ = 0;
};

}  // namespace terway::test
