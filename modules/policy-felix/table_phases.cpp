// The phases: what is added, and what leads there.
#include <algorithm>
#include <array>

#include "table.hpp"
#include "terway/error.hpp"

namespace terway::felix {
namespace {

nft::Hook hook_of(const BasePlan::Base& base) {
    return {base.hook, base.is_second ? -1 : -2};  // before "filter", where others have theirs
}

}  // namespace

void Table::add_frame(nft::Batch& batch) {
    if (!has_table_) {
        batch.add_table();
        has_table_ = true;
    }
    for (const auto& map : base_.maps) {
        if (sets_.insert(map.name).second) {
            batch.add_set(map);
        }
    }
    for (const auto& chain : base_.allowed) {
        if (bases_ != Bases::Fine || !chains_.contains(chain.name)) {
            write_chain(batch, chain);
        }
    }
}

// The base chains come last: whatever they lead to is there.
void Table::add_bases(nft::Batch& batch) {
    if (bases_ == Bases::Fine) {
        return;
    }
    for (const auto& base : base_.bases) {
        if (chains_.insert(base.chain.name).second) {
            batch.add_base_chain(base.chain.name, hook_of(base));
        } else {
            batch.flush_chain(base.chain.name);
        }
        for (const auto& rule : base.chain.rules) {
            batch.add_rule(base.chain.name, rule);
        }
    }
    if (chains_.insert(kForm).second) {
        batch.add_chain(kForm);
    }
}

void Table::add_sets(nft::Batch& batch, const policy::Picture& picture) {
    std::set<policy::SetId> wanted;
    for (const auto& [_, end] : ends_) {
        for (const auto direction : kDirections) {
            const auto& rules = end.rules(direction);
            if (rules == nullptr) {
                continue;
            }
            for (const auto& tier : rules->tiers) {
                wanted.insert(tier.named.begin(), tier.named.end());
                const auto add = [&](const std::vector<policy::Match>& matches) {
                    for (const auto& match : matches) {
                        wanted.insert(match.peers.sets.begin(), match.peers.sets.end());
                    }
                };
                add(tier.other);
                for (const auto& each : tier.classes) {
                    add(each.matches);
                }
            }
        }
    }
    for (const auto& id : wanted) {
        if (loaded_.contains(id)) {
            continue;
        }
        const auto* const content = picture.find(id);
        if (content == nullptr) {
            throw Error(Status::Invalid,
                        "policy update: a rule names set " + text_of(id) + ", which nobody told");
        }
        if (is_in_rules(*content)) {
            continue;
        }
        std::vector<std::string> names;
        for (const auto& plan : plan_set(id, *content)) {
            names.push_back(plan.set.name);
            add_set(batch, plan);
        }
        loaded_[id] = std::move(names);
        fresh_.insert(id);
    }
}

void Table::add_set(nft::Batch& batch, const MapPlan& plan) {
    const auto& name = plan.set.name;
    if (sets_.insert(name).second) {
        batch.add_set(plan.set);
        add_elements(batch, name, plan.elements, true);
        return;
    }
    // Of an earlier daemon, or of a rule that was gone for a while: mostly as it should be.
    const auto difference = difference_of(nft::elements(socket_, kTable, name), plan.elements);
    if (plan.set.is_interval && !difference.empty()) {
        batch.flush_set(name);
        add_elements(batch, name, plan.elements, false);
    } else {
        batch.delete_elements(name, difference.removed);
        add_elements(batch, name, difference.added, false);
    }
}

// What nothing leads to may come in parts; else it is all or nothing.
void Table::add_elements(nft::Batch& batch, const std::string& set,
                         std::span<const nft::Element> elements, bool is_new) {
    constexpr std::size_t kMuch = 1UL << 20U;
    constexpr std::size_t kSome = 10'000;
    while (!elements.empty()) {
        const auto some = elements.first(std::min(elements.size(), kSome));
        elements = elements.subspan(some.size());
        batch.add_elements(set, some);
        if (batch.size() > kMuch && (is_new || elements.empty())) {
            commit(batch, "load a set of nftables table terway-policy");
        }
    }
}

void Table::add_groups(nft::Batch& batch, const policy::Picture& picture) {
    for (const auto& [_, end] : ends_) {
        for (const auto direction : kDirections) {
            const auto& rules = end.rules(direction);
            if (rules == nullptr || groups_.contains(group_name(direction, rules->id))) {
                continue;
            }
            auto group = plan_group(direction, *rules, picture);
            const bool is_damaged = damaged_groups_.erase(group.name()) != 0;
            if (bases_ == Bases::Broken || is_damaged || !chains_.contains(group.name())) {
                add_group(batch, group);
            }
            groups_.insert_or_assign(group.name(), std::move(group));
        }
    }
}

void Table::add_group(nft::Batch& batch, const Group& group) {
    for (const auto& chain : group.chains) {
        if (chains_.insert(chain.name).second) {
            batch.add_chain(chain.name);
        } else {
            batch.flush_chain(chain.name);
        }
    }
    for (const auto& map : group.maps) {
        if (sets_.insert(map.set.name).second) {
            batch.add_set(map.set);
        } else {
            batch.flush_set(map.set.name);
        }
    }
    for (const auto& chain : group.chains) {
        for (const auto& rule : chain.rules) {
            batch.add_rule(chain.name, rule);
        }
    }
    for (const auto& map : group.maps) {
        batch.add_elements(map.set.name, map.elements);
    }
}

void Table::add_ends(nft::Batch& batch) {
    for (const auto& [link, _] : ends_) {
        for (const auto direction : kDirections) {
            if (bases_ != Bases::Broken && chains_.contains(endpoint_chain(direction, link))) {
                continue;
            }
            add_counters(batch, direction, link);
            write_chain(batch, endpoint_plan(direction, link, {}, place_));
            leads_to_[{direction, link}] = {};
        }
    }
}

void Table::add_counters(nft::Batch& batch, Direction direction, const std::string& link) {
    for (const auto counter : {Counter::Asked, Counter::Refused, Counter::Late}) {
        batch.add_counter(counter_name(counter, direction, link));
    }
}

void Table::write_chain(nft::Batch& batch, const nft::Chain& chain) {
    if (chains_.insert(chain.name).second) {
        batch.add_chain(chain.name);
    } else {
        batch.flush_chain(chain.name);
    }
    for (const auto& rule : chain.rules) {
        batch.add_rule(chain.name, rule);
    }
}

void Table::switch_sets(nft::Batch& batch, std::span<const policy::SetChange> changes) {
    const auto each_family = [&](const auto& change, const policy::Members& members, auto&& what) {
        for (const auto family : {Family::V4, Family::V6}) {
            const auto elements = elements_of(family, change.protocol, members);
            if (!elements.empty()) {
                what(set_name(family, change.id), elements);
            }
        }
    };
    for (const auto& change : changes) {
        if (!loaded_.contains(change.id) || fresh_.contains(change.id)) {
            continue;
        }
        each_family(change, change.removed, [&](const auto& name, const auto& elements) {
            batch.delete_elements(name, elements);
        });
        each_family(change, change.added, [&](const auto& name, const auto& elements) {
            batch.add_elements(name, elements);
        });
    }
}

void Table::switch_ends(nft::Batch& batch) {
    for (const auto& [link, end] : ends_) {
        for (const auto direction : kDirections) {
            const auto& rules = end.rules(direction);
            const auto group = rules == nullptr ? std::string() : group_name(direction, rules->id);
            const auto found = leads_to_.find({direction, link});
            if (!end.is_told || (found != leads_to_.end() && found->second == group)) {
                continue;
            }
            const auto tag = group.empty() ? Tag() : Tag{group, groups_.at(group).rule_count()};
            write_chain(batch, endpoint_plan(direction, link, tag, place_));
            leads_to_[{direction, link}] = group;
        }
    }
}

void Table::dispatch(nft::Batch& batch) {
    if (!place_.is_on_host) {
        return;
    }
    const auto lead = [&](const char* map, const std::string& link, const nft::Verdict& verdict) {
        if (links_[map].insert(link).second) {
            const std::array element{nft::Element{nft::link_key(link), false, verdict}};
            batch.add_elements(map, element);
        }
    };
    for (const auto& [link, end] : ends_) {
        lead(kPodsOut, link, nft::Verdict::go(endpoint_chain(Direction::Egress, link)));
        lead(kPodsIn, link, nft::Verdict::go(endpoint_chain(Direction::Ingress, link)));
        if (!end.is_told) {
            continue;
        }
        if (end.egress != nullptr && !place_.asks_for_node) {
            lead(kPodsToNode, link, nft::Verdict::accept());
        } else if (links_[kPodsToNode].erase(link) != 0) {
            const std::array element{nft::Element{nft::link_key(link), false, std::nullopt}};
            batch.delete_elements(kPodsToNode, element);
        }
    }
}

}  // namespace terway::felix
