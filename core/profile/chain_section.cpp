#include "profile/chain_section.hpp"

#include <algorithm>
#include <string_view>

namespace terway::profile {
namespace {

constexpr auto kConditions = {"resource", "namespace", "label", "annotation"};
constexpr auto kConsequences = {"dataplane", "qos", "policy", "fallback", "addresses"};

// Every reader here leaves its value alone where the key is absent: it then has the inherited one.
class ChainReader {
public:
    ChainReader(const Table& table, std::string title, ModulePlaces& places,
                Diagnostics& diagnostics)
        : section_(table, std::move(title), diagnostics), place_(table.place), places_(places) {}

    void read_default(Chain& chain) {
        chain.place = place_;
        read_dataplane(section_.require("dataplane", ValueKind::String), chain);
        read_links(chain);
    }

    // The array of [[chain.when]]; null if there is none.
    const Entry* take_rules() {
        const Entry* entry = section_.take_any("when");
        if (entry != nullptr && entry->kind != ValueKind::Array) {
            complain_of_rules(*entry);
            return nullptr;
        }
        return entry;
    }
    void complain_of_rules(const Entry& entry) {
        section_.complain(entry.place, "when must hold tables only: [[chain.when]]");
    }

    void read_rule(ChainRule& rule) {
        complain_of_none(kConditions, "a condition: resource, namespace, label or annotation");
        complain_of_none(kConsequences,
                         "a consequence: dataplane, qos, policy, fallback or addresses");
        read_conditions(rule.when);
        auto& chain = rule.chain;
        chain.place = place_;
        const auto inherited = chain.dataplane;
        read_dataplane(section_.take("dataplane", ValueKind::String), chain);
        if (chain.dataplane != inherited) {
            chain.fallback.reset();
        }
        read_links(chain);
        section_.choice("addresses", chain.addresses,
                        {{"pod-cidr", AddressSource::PodCidr},
                         {"eni", AddressSource::Eni},
                         {"exclusive-eni", AddressSource::ExclusiveEni}});
    }

    void complain(const std::string& text) { section_.complain(place_, text); }
    void finish() { section_.finish(); }

private:
    void complain_of_none(std::initializer_list<const char*> keys, const std::string& what) {
        if (std::none_of(keys.begin(), keys.end(),
                         [&](const auto* key) { return section_.place_of(key).has_value(); })) {
            complain("a rule needs " + what);
        }
    }

    std::optional<std::string> module_id(const Entry& entry) {
        if (!is_module_id(entry.string)) {
            section_.complain(entry.place, entry.key +
                                               " must be a module id: 1 to 47 of a-z, 0-9, \"-\", "
                                               "\"_\" and \".\"");
            return std::nullopt;
        }
        places_.emplace(entry.string, entry.place);
        return entry.string;
    }

    void read_dataplane(const Entry* entry, Chain& chain) {
        if (entry != nullptr) {
            chain.dataplane = module_id(*entry).value_or("");
        }
    }

    // "" and false are none.
    void read_optional(std::string_view key, std::optional<std::string>& into) {
        const Entry* entry = section_.take_any(key);
        if (entry == nullptr) {
            return;
        }
        into.reset();
        if (entry->kind == ValueKind::Bool) {
            if (entry->integer != 0) {
                section_.complain(entry->place,
                                  std::string(key) + " must be a module id, or false for none");
            }
        } else if (entry->kind != ValueKind::String) {
            section_.complain(entry->place, std::string(key) + " must be a string");
        } else if (!entry->string.empty()) {
            into = module_id(*entry);
        }
    }

    void read_links(Chain& chain) {
        read_optional("qos", chain.qos);
        read_optional("policy", chain.policy);
        read_optional("fallback", chain.fallback);
        const auto said = section_.place_of("fallback");
        if (said && chain.fallback == chain.dataplane) {
            section_.complain(*said, "fallback must be another module than the dataplane");
        }
    }

    void read_word(std::string_view key, std::optional<std::string>& into, std::string_view example,
                   std::string_view forbidden) {
        const Entry* entry = section_.take(key, ValueKind::String);
        if (entry == nullptr) {
            return;
        }
        if (entry->string.empty() || entry->string.find_first_of(forbidden) != std::string::npos) {
            section_.complain(entry->place, std::string(key) + " must be such as \"" +
                                                std::string(example) + "\"");
            return;
        }
        into = entry->string;
    }

    void read_key(std::string_view key, std::optional<KeyCondition>& into) {
        const Entry* entry = section_.take(key, ValueKind::String);
        if (entry == nullptr) {
            return;
        }
        const auto equals = entry->string.find('=');
        KeyCondition made{entry->string.substr(0, equals), std::nullopt};
        if (made.key.empty()) {
            section_.complain(entry->place, std::string(key) + " must be \"key\" or \"key=value\"");
            return;
        }
        if (equals != std::string::npos) {
            made.value = entry->string.substr(equals + 1);
        }
        into = made;
    }

    void read_conditions(ChainConditions& when) {
        read_word("resource", when.resource, "aliyun/eni", " ,:;=");
        read_word("namespace", when.pod_namespace, "kube-*", " /");
        read_key("label", when.label);
        read_key("annotation", when.annotation);
    }

    Section section_;
    const Place place_;
    ModulePlaces& places_;
};

void complain_if_covered(const std::vector<ChainRule>& before, const ChainRule& rule,
                         ChainReader& reader) {
    const auto first = std::find_if(before.begin(), before.end(), [&](const ChainRule& each) {
        return !each.when.none() && each.when.cover(rule.when);
    });
    if (first != before.end() && !rule.when.none()) {
        reader.complain("the rule is never reached: that of line " +
                        std::to_string(first->chain.place.line) + " takes all its pods");
    }
}

}  // namespace

ModulePlaces read_chains(Section& root, Profile& profile, Diagnostics& diagnostics) {
    ModulePlaces places;
    profile.chain.addresses = profile.pool.source;
    const Entry* table = root.require("chain", ValueKind::Table);
    if (table == nullptr) {
        return places;
    }
    ChainReader chain(table->table, "[chain]", places, diagnostics);
    chain.read_default(profile.chain);
    const Entry* rules = chain.take_rules();
    chain.finish();
    if (rules == nullptr) {
        return places;
    }
    for (const auto& entry : rules->table.entries) {
        if (entry.kind != ValueKind::Table) {
            chain.complain_of_rules(entry);
            continue;
        }
        ChainRule rule{{}, profile.chain};
        ChainReader reader(entry.table, "[[chain.when]]", places, diagnostics);
        reader.read_rule(rule);
        reader.finish();
        complain_if_covered(profile.rules, rule, reader);
        profile.rules.push_back(std::move(rule));
    }
    return places;
}

}  // namespace terway::profile
