#include "element_model.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace terway::policy_bpf {
namespace {

// Whether the first bits are those of an element of a trie.
bool has_prefix(std::span<const std::uint8_t> key, std::span<const std::uint8_t> of,
                std::uint32_t bits) {
    if (std::memcmp(key.data(), of.data(), bits / 8) != 0) {
        return false;
    }
    const auto mask = static_cast<std::uint8_t>(0xff00U >> bits % 8);
    return bits % 8 == 0 || ((key[bits / 8] ^ of[bits / 8]) & mask) == 0;
}

template <class Key>
std::span<const std::uint8_t> behind_length(const Key& key) {
    return std::span(reinterpret_cast<const std::uint8_t*>(&key), sizeof key)
        .subspan(sizeof key.prefix_length);
}

bool has_ports(std::uint8_t protocol) {
    return protocol == 6 || protocol == 17 || protocol == 132;
}

}  // namespace

ElementModel::ElementModel(const std::vector<policy::AddressSet>& sets) {
    std::uint32_t next = POLICY_FIRST_ID;
    for (const auto& set : sets) {
        const KnownSet known{next++, set.kind, set.protocol};
        known_[set.id] = known;
        for (const auto& address : set.members.addresses) {
            members_.insert({known.id, 0, address});
        }
        for (const auto& each : set.members.ports) {
            members_.insert({known.id, each.port, each.address});
        }
        for (const auto& range : set.members.ranges) {
            for (const auto& block : blocks_of(known.id, range)) {
                blocks_.push_back(block);
            }
        }
    }
}

Compiled ElementModel::compile(const policy::RuleSet& rules) const {
    return policy_bpf::compile(rules, [this](const policy::SetId& id) { return find(id); });
}

bool ElementModel::is_in(const policy_question& question, std::uint16_t port,
                         const IpAddress& peer) const {
    if (question.kind == POLICY_ANYBODY) {
        return true;
    }
    if (question.kind == POLICY_BLOCKS) {
        const policy_block key{POLICY_BLOCK_BITS + 128, question.set, address_of(peer)};
        return std::any_of(blocks_.begin(), blocks_.end(), [&](const auto& block) {
            return has_prefix(behind_length(key), behind_length(block), block.prefix_length);
        });
    }
    const auto of_member = question.kind == POLICY_NAMED ? port : std::uint16_t{0};
    return members_.contains({question.set, of_member, peer});
}

int ElementModel::answer(const Compiled& rules, std::uint8_t tier, std::uint8_t protocol,
                         std::uint16_t port, const IpAddress& peer) const {
    const bool ported = has_ports(protocol);
    const policy_port key{POLICY_PORT_BITS + 16, 0, tier, ported ? protocol : std::uint8_t{0},
                          ported ? htons(port) : std::uint16_t{0}};
    const Compiled::Port* best = nullptr;
    for (const auto& each : rules.ports) {
        if (has_prefix(behind_length(key), behind_length(each.key), each.key.prefix_length) &&
            (best == nullptr || best->key.prefix_length < each.key.prefix_length)) {
            best = &each;
        }
    }
    if (best != nullptr) {
        for (const auto& question : rules.lists.at(best->list)) {
            if (is_in(question, port, peer)) {
                return question.action;
            }
        }
    }
    return rules.rules.otherwise[tier];
}

bool ElementModel::allows(const Compiled& rules, std::uint8_t protocol, std::uint16_t port,
                          const IpAddress& peer) const {
    for (std::uint8_t tier = 0; tier < rules.rules.tiers; ++tier) {
        if (const auto action = answer(rules, tier, protocol, port, peer); action != POLICY_PASS) {
            return action == POLICY_ALLOW;
        }
    }
    return true;
}

}  // namespace terway::policy_bpf
