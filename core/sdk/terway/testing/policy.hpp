// Policy updates put together by hand.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "terway/abi.h"
#include "terway/testing/endpoint.hpp"
#include "terway/types.hpp"

namespace terway::sdk::testing {

enum class Direction { Ingress, Egress };

// Owns everything the twy_policy_update it makes points to. Sets have names here, and ids made of
// them.
class PolicyBuilder {
public:
    struct Rule {
        std::uint8_t protocol = 17;  // IANA's number
        std::uint16_t first = 0;     // destination ports
        std::uint16_t last = 65535;
        std::vector<std::string> sets;  // that hold the far end; none: anybody
    };

    // A set nothing was told of before. Its members are addresses ("10.0.0.1").
    PolicyBuilder& pods(const std::string& name, const std::vector<std::string>& addresses) {
        return change(TWY_SET_PODS, name, true, addresses, {});
    }
    // The same of ranges: prefixes, sorted, disjoint and not adjacent.
    PolicyBuilder& blocks(const std::string& name, const std::vector<std::string>& prefixes) {
        return change(TWY_SET_BLOCKS, name, true, prefixes, {});
    }
    // A change of a set of pods that was told before.
    PolicyBuilder& pods_change(const std::string& name, const std::vector<std::string>& added,
                               const std::vector<std::string>& removed) {
        return change(TWY_SET_PODS, name, false, added, removed);
    }
    // An endpoint nothing isolates; what follows is said of it.
    PolicyBuilder& endpoint(std::string container_id, std::string ifname) {
        auto& made = endpoints_.emplace_back();
        made.container_id = std::move(container_id);
        made.ifname = std::move(ifname);
        return *this;
    }
    PolicyBuilder& isolate(Direction direction) {
        of(direction).is_isolated = true;
        return *this;
    }
    // Rules of one direction have disjoint ports and come sorted by protocol and port.
    PolicyBuilder& allow(Direction direction, Rule rule) {
        of(direction).is_isolated = true;
        of(direction).rules.push_back(std::move(rule));
        return *this;
    }
    PolicyBuilder& gone_endpoint(std::string container_id, std::string ifname) {
        gone_endpoints_.emplace_back(std::move(container_id), std::move(ifname));
        return *this;
    }
    PolicyBuilder& gone_set(const std::string& name) {
        gone_sets_.push_back(id_of(name));
        return *this;
    }

    // Valid until the builder changes, goes, or makes another.
    [[nodiscard]] twy_policy_update full(std::uint64_t revision) { return raw(revision, true); }
    [[nodiscard]] twy_policy_update difference(std::uint64_t revision) {
        return raw(revision, false);
    }

    static twy_id id_of(std::string_view name) {
        const std::hash<std::string> hash;
        return {hash(std::string(name)), hash("." + std::string(name))};
    }

private:
    struct Rules {
        bool is_isolated = false;
        std::deque<Rule> rules;
    };
    struct Endpoint {
        std::string container_id;
        std::string ifname;
        Rules ingress;
        Rules egress;
    };
    struct Change {
        twy_set_change raw;
        std::vector<twy_member> added;
        std::vector<twy_member> removed;
    };
    // The C structs; deques, so that pointers into them stay good while they grow.
    struct Arena {
        std::deque<twy_match> matches;
        std::deque<const twy_match*> match_pointers;
        std::deque<std::vector<twy_id>> ids;
        std::deque<twy_port_class> classes;
        std::deque<std::vector<const twy_port_class*>> class_lists;
        std::deque<twy_tier> tiers;
        std::deque<const twy_tier*> tier_pointers;
        std::deque<twy_rule_set> rule_sets;
        std::deque<twy_endpoint_rules> endpoints;
        std::vector<const twy_endpoint_rules*> endpoint_list;
        std::vector<const twy_set_change*> set_list;
        std::vector<twy_endpoint_key> gone;
    };

    static twy_member member(const std::string& text) {
        const twy_prefix of = prefix(text);
        twy_member made{};
        made.family = of.family;
        const unsigned bits = of.family == 4 ? 32 : 128;
        for (unsigned bit = 0; bit < bits; ++bit) {
            const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
            const bool is_set = (of.bytes[bit / 8] & mask) != 0;
            if (is_set && bit < of.length) {
                made.first[bit / 8] |= mask;
            }
            if (is_set || bit >= of.length) {
                made.last[bit / 8] |= mask;
            }
        }
        return made;
    }

    PolicyBuilder& change(std::uint8_t kind, const std::string& name, bool is_new,
                          const std::vector<std::string>& added,
                          const std::vector<std::string>& removed) {
        auto& made = changes_.emplace_back();
        made.raw = sized<twy_set_change>();
        made.raw.kind = kind;
        made.raw.is_new = is_new ? 1 : 0;
        made.raw.id = id_of(name);
        for (const auto& text : added) {
            made.added.push_back(member(text));
        }
        for (const auto& text : removed) {
            made.removed.push_back(member(text));
        }
        return *this;
    }

    Rules& of(Direction direction) {
        auto& last = endpoints_.back();
        return direction == Direction::Ingress ? last.ingress : last.egress;
    }

    twy_policy_update raw(std::uint64_t revision, bool is_full) {
        arena_ = {};
        auto made = sized<twy_policy_update>();
        made.is_full = is_full ? 1 : 0;
        made.revision = revision;
        for (auto& change : changes_) {
            change.raw.added = change.added.data();
            change.raw.added_count = change.added.size();
            change.raw.removed = change.removed.data();
            change.raw.removed_count = change.removed.size();
            arena_.set_list.push_back(&change.raw);
        }
        for (const auto& endpoint : endpoints_) {
            auto& raw = arena_.endpoints.emplace_back(sized<twy_endpoint_rules>());
            raw.key = {str(endpoint.container_id), str(endpoint.ifname)};
            raw.ingress = lower(endpoint.ingress);
            raw.egress = lower(endpoint.egress);
            arena_.endpoint_list.push_back(&raw);
        }
        for (const auto& [container_id, ifname] : gone_endpoints_) {
            arena_.gone.push_back({str(container_id), str(ifname)});
        }
        made.sets = arena_.set_list.data();
        made.set_count = arena_.set_list.size();
        made.endpoints = arena_.endpoint_list.data();
        made.endpoint_count = arena_.endpoint_list.size();
        made.gone_endpoints = arena_.gone.data();
        made.gone_endpoint_count = arena_.gone.size();
        made.gone_sets = gone_sets_.data();
        made.gone_set_count = gone_sets_.size();
        return made;
    }

    const twy_rule_set* lower(const Rules& from) {
        auto& set = arena_.rule_sets.emplace_back(sized<twy_rule_set>());
        set.id = id_of(text_of(from));
        if (!from.is_isolated) {
            return &set;
        }
        auto& list = arena_.class_lists.emplace_back();
        for (const auto& rule : from.rules) {
            list.push_back(&lower(rule));
        }
        auto& tier = arena_.tiers.emplace_back(sized<twy_tier>());
        tier.otherwise = TWY_DENY;
        tier.classes = list.data();
        tier.class_count = list.size();
        set.tiers = &arena_.tier_pointers.emplace_back(&tier);
        set.tier_count = 1;
        return &set;
    }

    const twy_port_class& lower(const Rule& rule) {
        auto& ids = arena_.ids.emplace_back();
        for (const auto& name : rule.sets) {
            ids.push_back(id_of(name));
        }
        auto& match = arena_.matches.emplace_back(sized<twy_match>());
        match.action = TWY_ALLOW;
        match.any = ids.empty() ? 1 : 0;
        match.sets = ids.data();
        match.set_count = ids.size();
        auto& made = arena_.classes.emplace_back(sized<twy_port_class>());
        made.protocol = rule.protocol;
        made.first = rule.first;
        made.last = rule.last;
        made.matches = &arena_.match_pointers.emplace_back(&match);
        made.match_count = 1;
        return made;
    }

    static std::string text_of(const Rules& from) {
        std::string text = from.is_isolated ? "isolated" : "open";
        for (const auto& rule : from.rules) {
            text += " " + std::to_string(rule.protocol) + ":" + std::to_string(rule.first) + "-" +
                    std::to_string(rule.last);
            for (const auto& name : rule.sets) {
                text += "," + name;
            }
        }
        return text;
    }

    std::deque<Change> changes_;
    std::deque<Endpoint> endpoints_;
    std::vector<std::pair<std::string, std::string>> gone_endpoints_;
    std::vector<twy_id> gone_sets_;
    Arena arena_;
};

}  // namespace terway::sdk::testing
