// Reading an update: what is to be in force, and what was narrowed.
#include <algorithm>
#include <iterator>

#include "endpoints.hpp"

namespace terway::felix {
namespace {

// What `all` has and `other` has not.
template <class Member>
std::vector<Member> missing(std::vector<Member> all, std::vector<Member> other) {
    std::sort(all.begin(), all.end());
    std::sort(other.begin(), other.end());
    std::vector<Member> out;
    std::set_difference(all.begin(), all.end(), other.begin(), other.end(),
                        std::back_inserter(out));
    return out;
}

}  // namespace

void Endpoints::read(const twy_policy_update& update) {
    changes_.clear();
    narrowed_sets_.clear();
    auto picture = update.is_full != 0 ? policy::Picture() : std::move(picture_);
    read_sets(update, picture);
    if (update.is_full != 0) {
        // What differs from what was, for tables that have that.
        for (const auto& set : picture_.sets()) {
            if (picture.find(set.id) == nullptr) {
                for_each_table([&](Table& table) { table.distrust(set.id); });
            }
        }
    }
    picture_ = std::move(picture);
    read_ends(update);
}

void Endpoints::read_sets(const twy_policy_update& update, policy::Picture& picture) {
    policy::Update told;
    for (std::size_t i = 0; i < update.set_count; ++i) {
        told.sets.push_back(policy::set_change_from(*update.sets[i]));
    }
    for (std::size_t i = 0; i < update.gone_set_count; ++i) {
        told.gone_sets.push_back(policy::set_id_from(update.gone_sets[i]));
    }
    if (update.is_full != 0) {
        told.gone_sets.clear();
    }
    picture.apply(told);
    for (auto& change : told.sets) {
        const auto* const before = update.is_full != 0 ? picture_.find(change.id) : nullptr;
        if (before != nullptr) {  // the kernel may have what we knew
            change.is_new = false;
            const auto now = std::move(change.added);
            change.added = {
                missing(now.addresses, before->addresses), {}, missing(now.ports, before->ports)};
            change.removed = {
                missing(before->addresses, now.addresses), {}, missing(before->ports, now.ports)};
        } else if (change.is_new) {  // it may be there still, from when it was named before
            for_each_table([&](Table& table) { table.distrust(change.id); });
        }
        if (!change.removed.empty()) {
            narrowed_sets_.insert(change.id);
        }
    }
    for (const auto& id : told.gone_sets) {
        for_each_table([&](Table& table) { table.distrust(id); });
    }
    changes_ = std::move(told.sets);
}

void Endpoints::read_ends(const twy_policy_update& update) {
    std::map<policy::RuleSetId, std::shared_ptr<const policy::RuleSet>> rules;
    const auto read = [&](const twy_rule_set& raw) {
        auto& made = rules[{raw.id.high, raw.id.low}];
        if (made == nullptr) {
            made = std::make_shared<policy::RuleSet>(policy::rule_set_from(raw));
        }
        return made;
    };
    std::set<policy::EndpointKey> named;
    for (std::size_t i = 0; i < update.endpoint_count; ++i) {
        const auto& raw = *update.endpoints[i];
        const auto found = all_.find(policy::key_from(raw.key));
        if (found == all_.end()) {
            continue;  // detached meanwhile
        }
        named.insert(found->first);
        put(*found, {true, read(*raw.ingress), read(*raw.egress)});
    }
    const End closed{true, nullptr, nullptr};
    for (std::size_t i = 0; i < update.gone_endpoint_count; ++i) {
        if (const auto found = all_.find(policy::key_from(update.gone_endpoints[i]));
            found != all_.end()) {
            put(*found, closed);
        }
    }
    if (update.is_full != 0) {
        for (auto& entry : all_) {
            if (!named.contains(entry.first)) {
                put(entry, closed);
            }
        }
    }
    for (const auto& [key, endpoint] : all_) {
        if (options_.cuts_established && names_any(endpoint.end, narrowed_sets_)) {
            narrowed_.insert(key);
        }
    }
}

void Endpoints::put(All::value_type& entry, End end) {
    auto& [key, endpoint] = entry;
    const auto differs = [&, &endpoint = endpoint](Direction direction) {
        const auto& before = endpoint.end.rules(direction);
        const auto& after = end.rules(direction);
        // Who was closed had no connections; who was adopted may have some.
        const bool was_closed = endpoint.end.is_told && before == nullptr;
        return !was_closed && (before == nullptr || after == nullptr || before->id != after->id);
    };
    if (options_.cuts_established && (differs(Direction::Ingress) || differs(Direction::Egress))) {
        narrowed_.insert(key);
    }
    endpoint.end = std::move(end);
    for (auto* const table : tables_of(endpoint)) {
        table->want(endpoint.link, endpoint.end);
    }
}

}  // namespace terway::felix
