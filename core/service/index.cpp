#include "service/index.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace terway::service {
namespace {

ObjectName name_of(const kube::Meta& meta) {
    return {meta.space.text(), meta.name.text()};
}

bool comes_before(const SlicePtr& slice, std::string_view name) {
    return slice->meta.name.view() < name;
}

}  // namespace

Index::Entry& Index::entry(const ObjectName& name) {
    changed_.insert(name);
    auto& found = entries_[name];
    if (found == nullptr) {
        found = std::make_unique<Entry>();
        found->name = name;
    }
    return *found;
}

void Index::set_service(ServicePtr service) {
    auto& to = entry(name_of(service->meta));
    to.service = std::move(service);
}

void Index::remove_service(const ObjectName& name) {
    if (const auto found = entries_.find(name); found != entries_.end()) {
        found->second->service = nullptr;
        changed_.insert(name);
    }
}

void Index::set_slice(SlicePtr slice) {
    const auto name = name_of(slice->meta);
    const auto known = service_of_slice_.find(name);
    if (known != service_of_slice_.end() && !(known->second == slice->service)) {
        remove_slice(name);
    }
    if (slice->service.empty()) {
        return;
    }
    service_of_slice_.insert_or_assign(name, slice->service);
    auto& slices = entry({name.space, slice->service.text()}).slices;
    const auto at = std::lower_bound(slices.begin(), slices.end(), name.name, comes_before);
    if (at != slices.end() && (*at)->meta.name == name.name) {
        *at = std::move(slice);
    } else {
        slices.insert(at, std::move(slice));
    }
}

void Index::remove_slice(const ObjectName& name) {
    const auto known = service_of_slice_.find(name);
    if (known == service_of_slice_.end()) {
        return;
    }
    auto& slices = entry({name.space, known->second.text()}).slices;
    service_of_slice_.erase(known);
    const auto at = std::lower_bound(slices.begin(), slices.end(), name.name, comes_before);
    if (at != slices.end() && (*at)->meta.name == name.name) {
        slices.erase(at);
    }
}

void Index::set_facts(NodeFacts facts) {
    if (facts == facts_) {
        return;
    }
    facts_ = std::move(facts);
    for (const auto& [name, _] : entries_) {
        changed_.insert(name);
    }
}

// Cluster IPs go before the rest, older Services before younger ones.
bool Index::goes_before(const Claim& a, const Claim& b) {
    const auto rank = [](const Claim& claim) {
        return std::tuple(claim.frontend->origin, claim.by->service->created.view(),
                          std::string_view(claim.by->name.space),
                          std::string_view(claim.by->name.name));
    };
    return rank(a) < rank(b);
}

void Index::withdraw(Entry& entry) {
    for (const auto& claim : entry.claims) {
        auto& claims = seats_.at(claim->key).claims;
        std::erase_if(claims, [&](const Claim& each) { return each.by == &entry; });
        touched_.insert(claim->key);
    }
    entry.claims.clear();
}

void Index::enter(Entry& entry) {
    for (auto& frontend : evaluate(*entry.service, entry.slices, facts_)) {
        auto& claims = seats_[frontend->key].claims;
        const bool has_it = std::any_of(claims.begin(), claims.end(),
                                        [&](const Claim& each) { return each.by == &entry; });
        if (!has_it) {
            Claim claim{&entry, frontend};
            claims.insert(std::upper_bound(claims.begin(), claims.end(), claim, goes_before),
                          claim);
            touched_.insert(frontend->key);
            entry.claims.push_back(std::move(frontend));
        }
    }
    entry.claims.shrink_to_fit();
}

void Index::tell(const FrontendKey& key, Update& update) {
    const auto found = seats_.find(key);
    auto& seat = found->second;
    if (seat.claims.empty()) {
        if (seat.told != nullptr) {
            update.gone.push_back(key);
            --told_;
        }
        seats_.erase(found);
        return;
    }
    const auto& now = seat.claims.front().frontend;
    if (seat.told == nullptr) {
        ++told_;
    }
    if (seat.told == nullptr || !(*seat.told == *now)) {
        update.frontends.push_back(now);
    }
    seat.told = now;
}

Update Index::take() {
    // First all that no longer holds, so that what is left has a Service to compare with.
    for (const auto& name : changed_) {
        withdraw(*entries_.at(name));
    }
    for (const auto& name : changed_) {
        const auto found = entries_.find(name);
        auto& entry = *found->second;
        if (entry.service != nullptr) {
            enter(entry);
        } else if (entry.slices.empty()) {
            entries_.erase(found);
        }
    }
    changed_.clear();
    Update update;
    for (const auto& key : touched_) {
        tell(key, update);
    }
    touched_.clear();
    std::sort(update.frontends.begin(), update.frontends.end(),
              [](const auto& a, const auto& b) { return a->key < b->key; });
    std::sort(update.gone.begin(), update.gone.end());
    return update;
}

Update Index::everything() const {
    Update update;
    update.frontends.reserve(told_);
    for (const auto& [_, seat] : seats_) {
        if (seat.told != nullptr) {
            update.frontends.push_back(seat.told);
        }
    }
    std::sort(update.frontends.begin(), update.frontends.end(),
              [](const auto& a, const auto& b) { return a->key < b->key; });
    return update;
}

Index::ServicePtr Index::service(const ObjectName& name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second->service;
}

std::vector<ObjectName> Index::services() const {
    std::vector<ObjectName> all;
    for (const auto& [name, entry] : entries_) {
        if (entry->service != nullptr) {
            all.push_back(name);
        }
    }
    std::sort(all.begin(), all.end());
    return all;
}

const Slices& Index::slices_of(const ObjectName& name) const {
    static const Slices kNone;
    const auto found = entries_.find(name);
    return found == entries_.end() ? kNone : found->second->slices;
}

FrontendPtr Index::frontend(const FrontendKey& key) const {
    const auto found = seats_.find(key);
    return found == seats_.end() ? nullptr : found->second.told;
}

ObjectName Index::owner_of(const FrontendKey& key) const {
    const auto found = seats_.find(key);
    return found == seats_.end() || found->second.claims.empty()
               ? ObjectName{}
               : found->second.claims.front().by->name;
}

}  // namespace terway::service
