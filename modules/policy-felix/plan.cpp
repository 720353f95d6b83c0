#include "plan.hpp"

#include <linux/netfilter.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

namespace terway::felix {
namespace {

using nft::Rule;
using nft::Verdict;
using policy::Action;
using policy::Match;
using policy::number_of;
using policy::PortClass;
using policy::Protocol;
using policy::Tier;

constexpr std::uint16_t kLastPort = 65535;
constexpr std::array kProtocols{Protocol::Tcp, Protocol::Udp, Protocol::Sctp};

bool is_full(const PortClass& of) {
    return of.first == 0 && of.last == kLastPort;
}

Verdict allowed_verdict(Direction direction) {
    return Verdict::go(allowed_chain(direction));
}

// Writes one tier.
class TierWriter {
public:
    TierWriter(Direction direction, const policy::Picture& picture, Group& group, std::string name,
               std::string next)
        : allowed_(allowed_verdict(direction)),
          side_(direction == Direction::Egress ? nft::Side::Destination : nft::Side::Source),
          picture_(picture),
          group_(group),
          name_(std::move(name)),
          next_(std::move(next)) {}

    void write(const Tier& tier) {
        otherwise_ = tier.otherwise;
        own_ = group_.chains.size();
        group_.chains.push_back({name_, {}});
        write_named(tier);
        if (const auto* const one = same_for_all(tier); one != nullptr) {
            append(matches(*one));
        } else {
            write_classes(tier);
            write_others(tier);
        }
        finish(own().rules);
    }

private:
    nft::Chain& own() { return group_.chains[own_]; }
    void append(std::vector<Rule> rules) {
        std::move(rules.begin(), rules.end(), std::back_inserter(own().rules));
    }

    [[nodiscard]] Verdict verdict(Action action) const {
        switch (action) {
            case Action::Allow:
                return allowed_;
            case Action::Deny:
                return Verdict::back();
            case Action::Pass:
                return next_.empty() ? allowed_ : Verdict::go(next_);
        }
        return Verdict::back();
    }

    // What falls out of a chain is refused; anything else has to be said.
    void finish(std::vector<Rule>& rules) const {
        const bool is_final = !rules.empty() && rules.back().statements.empty();
        if (otherwise_ != Action::Deny && !is_final) {
            rules.push_back({{}, verdict(otherwise_)});
        }
    }

    // The matches of every protocol, if they are the same.
    static const std::vector<Match>* same_for_all(const Tier& tier) {
        const bool is_same =
            tier.classes.size() == kProtocols.size() &&
            std::all_of(tier.classes.begin(), tier.classes.end(), [&](const PortClass& each) {
                return is_full(each) && each.matches == tier.other;
            });
        return is_same ? &tier.other : nullptr;
    }

    void write_named(const Tier& tier) {
        for (const auto& id : tier.named) {
            group_.sets.insert(id);
            for (const auto family : {Family::V4, Family::V6}) {
                own().rules.push_back({{nft::NamedIn{family, set_name(family, id)}}, allowed_});
            }
        }
    }

    std::vector<Rule> matches(const std::vector<Match>& list) {
        std::vector<Rule> rules;
        for (const auto& match : list) {
            if (match.peers.any) {
                rules.push_back({{}, verdict(match.action)});
                break;
            }
            for (const auto& id : match.peers.sets) {
                const auto* const content = picture_.find(id);
                if (content != nullptr && is_in_rules(*content)) {
                    for (const auto& [first, last] : content->ranges) {
                        rules.push_back(
                            {{nft::AddressBetween{side_, first, last}}, verdict(match.action)});
                    }
                    continue;
                }
                group_.sets.insert(id);
                for (const auto family : content == nullptr
                                             ? std::vector<Family>{Family::V4, Family::V6}
                                             : families_of(*content)) {
                    rules.push_back({{nft::AddressIn{side_, family, set_name(family, id)}},
                                     verdict(match.action)});
                }
            }
        }
        return rules;
    }

    // Where to send what a class is for.
    Verdict verdict_of(const std::vector<Match>& list) {
        if (list.empty()) {
            return verdict(otherwise_);
        }
        if (list.front().peers.any) {
            return verdict(list.front().action);
        }
        const auto [found, is_new] = class_chains_.try_emplace(
            policy::text_of(list), name_ + "_c" + std::to_string(class_chains_.size()));
        const auto& chain = found->second;
        if (!is_new) {
            return Verdict::go(chain);
        }
        auto rules = matches(list);
        finish(rules);
        group_.chains.push_back({chain, std::move(rules)});
        return Verdict::go(chain);
    }

    void write_classes(const Tier& tier) {
        if (tier.classes.empty()) {
            return;
        }
        const bool has_ranges =
            std::any_of(tier.classes.begin(), tier.classes.end(),
                        [](const PortClass& each) { return each.first != each.last; });
        if (!has_ranges) {
            MapPlan map{{name_ + "_pp", nft::Key::ProtocolPort, false, true}, {}};
            for (const auto& each : tier.classes) {
                map.elements.push_back(
                    {nft::protocol_port_key(number_of(each.protocol), each.first), false,
                     verdict_of(each.matches)});
            }
            own().rules.push_back({{nft::ProtocolPortMap{map.set.name}}, std::nullopt});
            group_.maps.push_back(std::move(map));
            return;
        }
        MapPlan map{{name_ + "_p", nft::Key::Protocol, false, true}, {}};
        for (const auto protocol : kProtocols) {
            std::vector<const PortClass*> classes;
            for (const auto& each : tier.classes) {
                if (each.protocol == protocol) {
                    classes.push_back(&each);
                }
            }
            if (!classes.empty()) {
                map.elements.push_back({{number_of(protocol)}, false, ports_of(protocol, classes)});
            }
        }
        own().rules.push_back({{nft::ProtocolMap{map.set.name}}, std::nullopt});
        group_.maps.push_back(std::move(map));
    }

    // Where to send what is of a protocol.
    Verdict ports_of(Protocol protocol, const std::vector<const PortClass*>& classes) {
        if (is_full(*classes.front())) {
            return verdict_of(classes.front()->matches);
        }
        const auto name = name_ + "_n" + std::to_string(number_of(protocol));
        const bool has_ranges = std::any_of(classes.begin(), classes.end(), [](const auto* each) {
            return each->first != each->last;
        });
        MapPlan map{{name + "_m", nft::Key::Port, has_ranges, true}, {}};
        for (const auto* const of : classes) {
            const auto& each = *of;
            map.elements.push_back({nft::port_key(each.first), false, verdict_of(each.matches)});
            if (has_ranges && each.last != kLastPort) {
                map.elements.push_back(
                    {nft::port_key(static_cast<std::uint16_t>(each.last + 1)), true, std::nullopt});
            }
        }
        nft::Chain chain{name, {{{nft::PortMap{map.set.name}}, std::nullopt}}};
        finish(chain.rules);
        group_.chains.push_back(std::move(chain));
        group_.maps.push_back(std::move(map));
        return Verdict::go(name);
    }

    void write_others(const Tier& tier) {
        if (tier.other.empty()) {
            return;
        }
        // What has ports and no class ends here.
        for (const auto protocol : kProtocols) {
            own().rules.push_back({{nft::ProtocolIs{number_of(protocol)}}, verdict(otherwise_)});
        }
        own().rules.push_back({{}, verdict_of(tier.other)});
    }

    Verdict allowed_;
    nft::Side side_;
    const policy::Picture& picture_;
    Group& group_;
    std::string name_;
    std::string next_;
    Action otherwise_ = Action::Deny;
    std::size_t own_ = 0;
    std::map<std::string, std::string> class_chains_;  // by what they say
};

}  // namespace

std::size_t Group::rule_count() const {
    return std::accumulate(
        chains.begin(), chains.end(), std::size_t{0},
        [](std::size_t sum, const nft::Chain& chain) { return sum + chain.rules.size(); });
}

std::string Group::text() const {
    std::string out;
    for (const auto& chain : chains) {
        out += chain.text();
    }
    for (const auto& map : maps) {
        out += "map " + map.set.name + (map.set.is_interval ? " interval" : "") + "\n";
        for (const auto& element : map.elements) {
            out += " ";
            for (const auto byte : element.key) {
                out += " " + std::to_string(byte);
            }
            out += element.is_end ? " end" : element.verdict ? " : " + element.verdict->text() : "";
            out += "\n";
        }
    }
    return out;
}

Group plan_group(Direction direction, const policy::RuleSet& rules,
                 const policy::Picture& picture) {
    Group group;
    const auto name = group_name(direction, rules.id);
    if (rules.tiers.empty()) {
        group.chains.push_back({name, {{{}, allowed_verdict(direction)}}});
        return group;
    }
    const auto name_of = [&](std::size_t tier) {
        return tier == 0 ? name : name + "_t" + std::to_string(tier);
    };
    for (std::size_t i = 0; i < rules.tiers.size(); ++i) {
        const auto next = i + 1 < rules.tiers.size() ? name_of(i + 1) : std::string();
        TierWriter(direction, picture, group, name_of(i), next).write(rules.tiers[i]);
    }
    return group;
}

}  // namespace terway::felix
