#include "policy/picture.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "terway/error.hpp"

namespace terway::policy {
namespace {

[[noreturn]] void contradict(const SetId& id, const char* what) {
    throw Error(Status::Internal, "set " + text_of(id) + " " + what);
}

template <class Member>
std::vector<Member> sorted(std::vector<Member> members) {
    std::sort(members.begin(), members.end());
    return members;
}

// One by one, for a few.
template <class Member>
void edit(const SetId& id, std::vector<Member>& members, const std::vector<Member>& added,
          const std::vector<Member>& removed) {
    for (const auto& member : removed) {
        const auto at = std::lower_bound(members.begin(), members.end(), member);
        if (at == members.end() || *at != member) {
            contradict(id, "loses what it never had");
        }
        members.erase(at);
    }
    for (const auto& member : added) {
        const auto at = std::lower_bound(members.begin(), members.end(), member);
        if (at != members.end() && *at == member) {
            contradict(id, "is given what it has");
        }
        members.insert(at, member);
    }
}

// All in one pass.
template <class Member>
void merge(const SetId& id, std::vector<Member>& members, const std::vector<Member>& added,
           const std::vector<Member>& removed) {
    const auto leaving = sorted(removed);
    const auto coming = sorted(added);
    std::vector<Member> kept;
    kept.reserve(members.size());
    std::set_difference(members.begin(), members.end(), leaving.begin(), leaving.end(),
                        std::back_inserter(kept));
    if (kept.size() + leaving.size() != members.size()) {
        contradict(id, "loses what it never had");
    }
    std::vector<Member> now;
    now.reserve(kept.size() + coming.size());
    std::set_union(kept.begin(), kept.end(), coming.begin(), coming.end(), std::back_inserter(now));
    if (now.size() != kept.size() + coming.size() ||
        std::adjacent_find(now.begin(), now.end()) != now.end()) {
        contradict(id, "is given what it has");
    }
    members = std::move(now);
}

template <class Member>
void change(const SetId& id, std::vector<Member>& members, const std::vector<Member>& added,
            const std::vector<Member>& removed) {
    constexpr std::size_t kFew = 16;
    if (added.size() + removed.size() < kFew) {
        edit(id, members, added, removed);
    } else {
        merge(id, members, added, removed);
    }
}

}  // namespace

void Picture::apply(const Update& update) {
    for (const auto& change : update.sets) {
        apply(change);
    }
    for (const auto& rules : update.endpoints) {
        endpoints_.insert_or_assign(rules.pod, rules);
    }
    for (const auto& pod : update.gone_endpoints) {
        if (endpoints_.erase(pod) == 0) {
            throw Error(Status::Internal, "endpoint " + pod.text() + " goes and never came");
        }
    }
    for (const auto& id : update.gone_sets) {
        if (sets_.erase(id) == 0) {
            contradict(id, "goes and never came");
        }
    }
}

void Picture::apply(const SetChange& changed) {
    const auto [found, is_new] = sets_.try_emplace(changed.id);
    auto& content = found->second;
    if (is_new != changed.is_new) {
        contradict(changed.id, is_new ? "changes and never came" : "comes twice");
    }
    content.kind = changed.kind;
    content.protocol = changed.protocol;
    change(changed.id, content.addresses, changed.added.addresses, changed.removed.addresses);
    change(changed.id, content.ports, changed.added.ports, changed.removed.ports);
    if (is_new) {
        content.ranges = changed.added.ranges;
    }
}

const EndpointRules* Picture::find(const ObjectName& pod) const {
    const auto found = endpoints_.find(pod);
    return found == endpoints_.end() ? nullptr : &found->second;
}

std::vector<AddressSet> Picture::sets() const {
    std::vector<AddressSet> out;
    for (const auto& [id, content] : sets_) {
        out.push_back({id,
                       content.kind,
                       content.protocol,
                       {content.addresses, content.ranges, content.ports}});
    }
    return out;
}

std::vector<ObjectName> Picture::endpoints() const {
    std::vector<ObjectName> out;
    for (const auto& [pod, _] : endpoints_) {
        out.push_back(pod);
    }
    return out;
}

const Picture::Content* Picture::find(const SetId& id) const {
    const auto found = sets_.find(id);
    return found == sets_.end() ? nullptr : &found->second;
}

const Picture::Content& Picture::content(const SetId& id) const {
    const auto* const found = find(id);
    if (found == nullptr) {
        contradict(id, "is meant and is not there");
    }
    return *found;
}

bool Picture::has(const Peers& peers, const IpAddress& address) const {
    return peers.any || std::any_of(peers.sets.begin(), peers.sets.end(), [&](const SetId& id) {
               const auto& set = content(id);
               return std::binary_search(set.addresses.begin(), set.addresses.end(), address) ||
                      contains(set.ranges, address);
           });
}

Action Picture::answer(const std::vector<Match>& matches, const IpAddress& address,
                       Action otherwise) const {
    for (const auto& match : matches) {
        if (has(match.peers, address)) {
            return match.action;
        }
    }
    return otherwise;
}

Action Picture::answer(const Tier& tier, const Flow& flow) const {
    const auto is_named = [&](const SetId& id) {
        const auto& set = content(id);
        return set.protocol == flow.protocol &&
               std::binary_search(set.ports.begin(), set.ports.end(),
                                  AddressPort{flow.peer, flow.port});
    };
    if (std::any_of(tier.named.begin(), tier.named.end(), is_named)) {
        return Action::Allow;
    }
    const auto found =
        std::find_if(tier.classes.begin(), tier.classes.end(), [&](const PortClass& each) {
            return each.protocol == flow.protocol && each.first <= flow.port &&
                   flow.port <= each.last;
        });
    return found == tier.classes.end() ? tier.otherwise
                                       : answer(found->matches, flow.peer, tier.otherwise);
}

bool Picture::allows(const RuleSet& rules, const Flow& flow) const {
    for (const auto& tier : rules.tiers) {
        if (const auto action = answer(tier, flow); action != Action::Pass) {
            return action == Action::Allow;
        }
    }
    return true;
}

bool Picture::allows_other(const RuleSet& rules, const IpAddress& peer) const {
    for (const auto& tier : rules.tiers) {
        if (const auto action = answer(tier.other, peer, tier.otherwise); action != Action::Pass) {
            return action == Action::Allow;
        }
    }
    return true;
}

}  // namespace terway::policy
