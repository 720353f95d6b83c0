#include "rule_store.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <thread>
#include <utility>

namespace terway::policy_bpf {
namespace {

// What `change` leaves of sorted members.
template <class Member>
void apply(std::vector<Member>& members, const std::vector<Member>& added,
           const std::vector<Member>& removed) {
    std::vector<Member> with;
    with.reserve(members.size() + added.size());
    std::set_union(members.begin(), members.end(), added.begin(), added.end(),
                   std::back_inserter(with));
    members.clear();
    std::set_difference(with.begin(), with.end(), removed.begin(), removed.end(),
                        std::back_inserter(members));
}

template <class Member>
std::vector<Member> sorted(std::vector<Member> members) {
    std::sort(members.begin(), members.end());
    return members;
}

template <class Key, class Value>
void remove_all(const Map<Key, Value>& map, const std::vector<Key>& keys) {
    for (const auto& key : keys) {
        (void)map.remove(key);
    }
}

// Everything whose identifier is meant.
void remove_ids(const State& state, const std::function<bool(std::uint32_t)>& is_meant) {
    remove_all(state.rules(), state.rules().keys(is_meant));
    remove_all(state.ports(),
               state.ports().keys([&](const auto& port) { return is_meant(port.rules); }));
    remove_all(state.lists(), state.lists().keys(is_meant));
    remove_all(state.members(),
               state.members().keys([&](const auto& member) { return is_meant(member.set); }));
    remove_all(state.blocks(),
               state.blocks().keys([&](const auto& block) { return is_meant(block.set); }));
}

}  // namespace

void await_programs() {
    if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) {
        // Not with nohz_full. No program runs for that long.
        constexpr std::chrono::milliseconds kLong{100};
        std::this_thread::sleep_for(kLong);
    }
}

void dispose(const State& state, const Waste& waste) {
    remove_all(state.rules(), waste.rules);
    remove_all(state.ports(), waste.ports);
    remove_all(state.lists(), waste.lists);
    remove_all(state.members(), waste.members);
    remove_all(state.blocks(), waste.blocks);
    if (waste.below != 0) {
        remove_ids(state, [&](std::uint32_t id) { return id < waste.below; });
    }
}

RuleStore::RuleStore(const State& state) : state_(state) {
    begin();
}

void RuleStore::begin() {
    first_ = state_.take_id();
    has_earlier_ = true;
}

void RuleStore::forget_everything() {
    sets_.clear();
    rules_.clear();
    waste_ = {};
    begin();
}

void RuleStore::put(const KnownSet& set, const policy::Members& members) const {
    constexpr std::uint32_t kIn = 1;
    for (const auto& address : members.addresses) {
        state_.members().put(member_of(set.id, address, 0), kIn);
    }
    for (const auto& each : members.ports) {
        state_.members().put(member_of(set.id, each.address, each.port), kIn);
    }
    for (const auto& range : members.ranges) {
        for (const auto& block : blocks_of(set.id, range)) {
            state_.blocks().put(block, kIn);
        }
    }
}

void RuleStore::take(const KnownSet& set, const policy::Members& members) const {
    for (const auto& address : members.addresses) {
        (void)state_.members().remove(member_of(set.id, address, 0));
    }
    for (const auto& each : members.ports) {
        (void)state_.members().remove(member_of(set.id, each.address, each.port));
    }
}

void RuleStore::add(std::span<const policy::SetChange> changes) {
    for (const auto& change : changes) {
        const auto found = sets_.find(change.id);
        if (change.is_new == (found != sets_.end())) {
            throw Error(Status::Invalid, "policy update: a set is told anew, or a change of none");
        }
        if (!change.is_new) {
            put(found->second.known, change.added);
            continue;
        }
        const KnownSet known{state_.take_id(), change.kind, change.protocol};
        put(known, change.added);
        sets_[change.id] = {known,
                            {sorted(change.added.addresses), sorted(change.added.ranges),
                             sorted(change.added.ports)}};
    }
}

void RuleStore::take_back(std::uint32_t first, std::span<const policy::SetChange> changes) const {
    for (const auto& change : changes) {
        const auto found = sets_.find(change.id);
        if (!change.is_new && found != sets_.end()) {
            take(found->second.known, change.added);
        }
    }
    remove_ids(state_, [&](std::uint32_t id) { return id >= first; });
}

void RuleStore::remove(std::span<const policy::SetChange> changes) {
    for (const auto& change : changes) {
        if (change.is_new) {
            continue;
        }
        auto& set = sets_.at(change.id);
        take(set.known, change.removed);
        apply(set.members.addresses, sorted(change.added.addresses),
              sorted(change.removed.addresses));
        apply(set.members.ports, sorted(change.added.ports), sorted(change.removed.ports));
    }
}

void RuleStore::drop(std::span<const policy::SetId> sets) {
    for (const auto& id : sets) {
        const auto gone = sets_.extract(id);
        if (!gone) {
            continue;
        }
        const auto& [known, members] = gone.mapped();
        for (const auto& address : members.addresses) {
            waste_.members.push_back(member_of(known.id, address, 0));
        }
        for (const auto& each : members.ports) {
            waste_.members.push_back(member_of(known.id, each.address, each.port));
        }
        for (const auto& range : members.ranges) {
            const auto blocks = blocks_of(known.id, range);
            waste_.blocks.insert(waste_.blocks.end(), blocks.begin(), blocks.end());
        }
    }
}

std::uint32_t RuleStore::rules(const policy::RuleSet& rules) {
    if (rules.tiers.empty()) {
        return POLICY_OPEN;
    }
    const auto found = rules_.find(rules.id);
    if (found != rules_.end()) {
        return found->second.id;
    }
    Rules made;
    made.id = state_.take_id();
    const auto compiled = compile(rules, [&](const policy::SetId& id) {
        const auto set = sets_.find(id);
        if (set == sets_.end()) {
            throw Error(Status::Invalid, "policy update: rules name a set that was not told of");
        }
        made.sets.insert(id);
        return set->second.known;
    });
    write(compiled, made);
    return rules_.emplace(rules.id, std::move(made)).first->second.id;
}

void RuleStore::write(const Compiled& compiled, Rules& made) {
    std::vector<std::uint32_t> lists;
    for (const auto& questions : compiled.lists) {
        lists.push_back(write_list(questions, made));
        made.denies = made.denies ||
                      std::any_of(questions.begin(), questions.end(),
                                  [](const auto& each) { return each.action != POLICY_ALLOW; });
    }
    for (auto [key, list] : compiled.ports) {
        key.rules = made.id;
        state_.ports().put(key, lists.at(list));
        made.ports.push_back(key);
    }
    state_.rules().put(made.id, compiled.rules);
}

// From its end, so that each element knows the next one.
std::uint32_t RuleStore::write_list(std::span<const policy_question> questions, Rules& made) {
    std::uint32_t next = 0;
    auto rest = questions.size();
    do {
        const auto count = rest == 0 ? 0 : (rest - 1) % POLICY_QUESTIONS + 1;
        rest -= count;
        policy_list element{};
        element.count = static_cast<std::uint32_t>(count);
        element.next = next;
        std::copy_n(questions.begin() + static_cast<std::ptrdiff_t>(rest), count,
                    std::begin(element.questions));
        next = state_.take_id();
        state_.lists().put(next, element);
        made.lists.push_back(next);
    } while (rest > 0);
    return next;
}

void RuleStore::keep(const std::set<std::uint32_t>& rules) {
    for (auto at = rules_.begin(); at != rules_.end();) {
        const auto& each = at->second;
        if (rules.contains(each.id)) {
            ++at;
            continue;
        }
        waste_.rules.push_back(each.id);
        waste_.ports.insert(waste_.ports.end(), each.ports.begin(), each.ports.end());
        waste_.lists.insert(waste_.lists.end(), each.lists.begin(), each.lists.end());
        at = rules_.erase(at);
    }
}

Waste RuleStore::take_waste(bool earlier) {
    auto waste = std::exchange(waste_, {});
    if (earlier && std::exchange(has_earlier_, false)) {
        waste.below = first_;
    }
    return waste;
}

const RuleStore::Rules* RuleStore::find(std::uint32_t id) const {
    const auto found = std::find_if(rules_.begin(), rules_.end(),
                                    [id](const auto& each) { return each.second.id == id; });
    return found == rules_.end() ? nullptr : &found->second;
}

bool RuleStore::names_any(std::uint32_t rules, const std::set<policy::SetId>& sets) const {
    const auto* const found = find(rules);
    return found != nullptr && std::any_of(sets.begin(), sets.end(), [&](const auto& id) {
               return found->sets.contains(id);
           });
}

bool RuleStore::denies(std::uint32_t rules) const {
    const auto* const found = find(rules);
    return found != nullptr && found->denies;
}

}  // namespace terway::policy_bpf
