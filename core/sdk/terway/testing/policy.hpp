// A policy set put together by hand.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "terway/abi.h"
#include "terway/testing/endpoint.hpp"
#include "terway/types.hpp"

namespace terway::sdk::testing {

enum class Direction { Ingress, Egress };

// Owns everything the twy_policy_set it makes points to.
class PolicyBuilder {
public:
    struct Rule {
        std::uint8_t action = TWY_ALLOW;
        std::uint8_t protocol = 0;
        std::vector<twy_port_range> ports;
        std::vector<std::string> peers;  // ids of address sets
        bool any_peer = false;
        std::string origin = "test";
    };

    PolicyBuilder& address_set(std::string id, const std::vector<std::string>& include,
                               const std::vector<std::string>& except = {}) {
        auto& set = sets_.emplace_back();
        set.id = std::move(id);
        for (const auto& text : include) {
            set.include.push_back(prefix(text));
        }
        for (const auto& text : except) {
            set.except.push_back(prefix(text));
        }
        return *this;
    }
    // The rules that follow are this endpoint's.
    PolicyBuilder& endpoint(std::string container_id, std::string ifname, bool isolate_ingress,
                            bool isolate_egress) {
        auto& made = endpoints_.emplace_back();
        made.container_id = std::move(container_id);
        made.ifname = std::move(ifname);
        made.isolated = (isolate_ingress ? 1U : 0U) | (isolate_egress ? 2U : 0U);
        return *this;
    }
    PolicyBuilder& rule(Direction direction, Rule rule) {
        auto& of = endpoints_.back();
        (direction == Direction::Ingress ? of.ingress : of.egress).push_back(std::move(rule));
        return *this;
    }

    // Valid until the builder changes, goes, or makes another.
    [[nodiscard]] twy_policy_set raw(std::uint64_t revision) {
        arena_ = {};
        auto made = sized<twy_policy_set>();
        made.revision = revision;
        for (const auto& set : sets_) {
            auto& raw = arena_.sets.emplace_back(sized<twy_address_set>());
            raw.id = str(set.id);
            raw.include = set.include.data();
            raw.include_count = set.include.size();
            raw.except = set.except.data();
            raw.except_count = set.except.size();
            arena_.set_list.push_back(&raw);
        }
        for (const auto& of : endpoints_) {
            auto& raw = arena_.endpoints.emplace_back(sized<twy_endpoint_rules>());
            raw.container_id = str(of.container_id);
            raw.ifname = str(of.ifname);
            raw.isolated = of.isolated;
            raw.ingress = lower(of.ingress);
            raw.ingress_count = of.ingress.size();
            raw.egress = lower(of.egress);
            raw.egress_count = of.egress.size();
            arena_.endpoint_list.push_back(&raw);
        }
        made.sets = arena_.set_list.data();
        made.set_count = arena_.set_list.size();
        made.endpoints = arena_.endpoint_list.data();
        made.endpoint_count = arena_.endpoint_list.size();
        return made;
    }

private:
    struct AddressSet {
        std::string id;
        std::vector<twy_prefix> include;
        std::vector<twy_prefix> except;
    };
    struct Endpoint {
        std::string container_id;
        std::string ifname;
        std::uint32_t isolated = 0;
        std::deque<Rule> ingress;
        std::deque<Rule> egress;
    };
    // The C structs; deques, so that pointers into them stay good while they grow.
    struct Arena {
        std::deque<twy_address_set> sets;
        std::deque<twy_endpoint_rules> endpoints;
        std::deque<twy_rule> rules;
        std::deque<std::vector<twy_str>> peers;
        std::deque<std::vector<const twy_rule*>> rule_lists;
        std::vector<const twy_address_set*> set_list;
        std::vector<const twy_endpoint_rules*> endpoint_list;
    };

    const twy_rule* const* lower(const std::deque<Rule>& rules) {
        auto& list = arena_.rule_lists.emplace_back();
        for (const auto& rule : rules) {
            auto& names = arena_.peers.emplace_back();
            for (const auto& peer : rule.peers) {
                names.push_back(str(peer));
            }
            auto& raw = arena_.rules.emplace_back(sized<twy_rule>());
            raw.action = rule.action;
            raw.protocol = rule.protocol;
            raw.ports = rule.ports.data();
            raw.port_count = rule.ports.size();
            raw.peers = names.data();
            raw.peer_count = names.size();
            raw.any_peer = rule.any_peer ? 1 : 0;
            raw.origin = str(rule.origin);
            list.push_back(&raw);
        }
        return list.data();
    }

    std::deque<AddressSet> sets_;
    std::deque<Endpoint> endpoints_;
    Arena arena_;
};

}  // namespace terway::sdk::testing
