#include "daemon/policy_book.hpp"

#include <algorithm>
#include <utility>

namespace terway::daemon {
namespace {

using policy::ObjectName;
using policy::Update;

// The kubelet gives a static pod the hash of its manifest for a UID; that is what its sandbox has.
constexpr std::string_view kMirror = "kubernetes.io/config.mirror";

std::shared_ptr<const policy::RuleSet> open_rules() {
    policy::RuleSet rules;
    rules.id = policy::id_of<policy::RuleSetId>(policy::text_of(rules));
    return std::make_shared<const policy::RuleSet>(std::move(rules));
}

bool names(const std::vector<policy::EndpointRules>& all, const ObjectName& pod) {
    return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.pod == pod; });
}

bool names(const std::vector<ObjectName>& all, const ObjectName& pod) {
    return std::find(all.begin(), all.end(), pod) != all.end();
}

const policy::PodState* pod_of(const policy::Space& space, const PolicySeat& seat) {
    const auto found = space.pods.find(seat.pod.name);
    return found == space.pods.end() ? nullptr : &found->second;
}

}  // namespace

PolicyBook::PolicyBook(const std::set<std::string>& modules) : open_(open_rules()) {
    for (const auto& module : modules) {
        modules_.try_emplace(module);
    }
}

void PolicyBook::take(const PolicyNews& news) {
    for (const auto& [name, space] : news.spaces) {
        if (space != nullptr) {
            index_.set_namespace(*space);
        } else {
            index_.remove_namespace(name);
        }
    }
    for (const auto& [name, policy] : news.policies) {
        if (policy != nullptr) {
            index_.set_policy(*policy);
        } else {
            index_.remove_policy(name);
        }
    }
    for (const auto& [name, policy] : news.cluster_policies) {
        if (policy != nullptr) {
            index_.set_cluster_policy(*policy);
        } else {
            index_.remove_cluster_policy(name);
        }
    }
    for (const auto& [name, pod] : news.pods) {
        take(name, pod);
    }
    for (const auto& each : news.seats) {
        take(each);
    }
    is_synced_ = is_synced_ || news.is_synced;
}

void PolicyBook::take(const ObjectName& name, const std::shared_ptr<const kube::Pod>& pod) {
    if (pod == nullptr) {
        index_.remove_pod(name);
        return;
    }
    const auto mirrored = kube::value_of(pod->meta.annotations, kMirror);
    if (mirrored.empty()) {
        index_.set_pod(*pod);
        return;
    }
    auto as_its_sandbox_says = *pod;
    as_its_sandbox_says.meta.uid = kube::Word(mirrored);
    index_.set_pod(as_its_sandbox_says);
}

void PolicyBook::take(const SeatNews& news) {
    const auto& seat = news.seat;
    const auto found = places_.find(seat.key);
    auto pod = seat.pod;
    const bool is_it = found != places_.end() && found->second.seat.ticket == seat.ticket;
    switch (news.what) {
        case SeatNews::What::Came:
            // Who removed a part of a running endpoint may have removed sets as well.
            modules_[seat.module].needs_full |= seat.was_there;
            places_.insert_or_assign(seat.key, Place{seat, seat.pod.name.empty(), false});
            break;
        case SeatNews::What::Left:
            if (!is_it) {
                return;
            }
            pod = found->second.seat.pod;
            places_.erase(found);
            break;
        case SeatNews::What::Open:
            if (is_it && !found->second.is_told) {
                found->second.is_open = true;
            }
            return;
    }
    tell_index(pod);
}

std::vector<const PolicySeat*> PolicyBook::seats_of(const ObjectName& pod) const {
    std::vector<const PolicySeat*> all;
    for (const auto& [_, place] : places_) {
        if (place.seat.pod == pod) {
            all.push_back(&place.seat);
        }
    }
    std::sort(all.begin(), all.end(),
              [](const auto* a, const auto* b) { return a->ticket < b->ticket; });
    return all;
}

void PolicyBook::tell_index(const ObjectName& pod) {
    if (pod.name.empty()) {
        return;
    }
    const auto seats = seats_of(pod);
    if (seats.empty()) {
        index_.remove_endpoint(pod);
        return;
    }
    const auto& newest = *seats.back();
    policy::Endpoint endpoint{pod, newest.uid, {}};
    for (const auto* const seat : seats) {
        if (seat->key.container_id == newest.key.container_id) {
            endpoint.addresses.insert(endpoint.addresses.end(), seat->addresses.begin(),
                                      seat->addresses.end());
        }
    }
    index_.set_endpoint(std::move(endpoint));
}

void PolicyBook::add_rules(PolicyDelivery& delivery, bool of_all) const {
    auto& update = delivery.update;
    for (const auto& [_, place] : places_) {
        const auto& pod = place.seat.pod;
        if (place.seat.module != delivery.module || (place.is_told && !of_all) ||
            names(update.endpoints, pod) || names(update.gone_endpoints, pod)) {
            continue;
        }
        const auto* const rules = is_synced_ ? index_.told(pod) : nullptr;
        if (rules != nullptr) {
            update.endpoints.push_back(*rules);
        } else if (place.is_open) {
            update.endpoints.push_back({pod, update.revision, open_, open_, {}});
        }
    }
}

void PolicyBook::add_standings(PolicyDelivery& delivery, bool of_all) const {
    for (const auto& [key, place] : places_) {
        const auto& pod = place.seat.pod;
        if (place.seat.module != delivery.module) {
            continue;
        }
        const bool has_rules = names(delivery.update.endpoints, pod);
        const bool loses_them = of_all || names(delivery.update.gone_endpoints, pod);
        if (has_rules || loses_them) {
            delivery.keys[pod].push_back({key.container_id, key.ifname});
            delivery.standings.push_back({key, place.seat.ticket, has_rules});
        }
    }
}

PolicyDelivery PolicyBook::everything(const std::string& module) const {
    PolicyDelivery delivery{module, true, index_.everything(), {}, {}};
    add_rules(delivery, true);
    add_standings(delivery, true);
    return delivery;
}

PolicyDelivery PolicyBook::difference(const std::string& module, const Update& update) const {
    PolicyDelivery delivery{module, false, update, {}, {}};
    add_rules(delivery, false);
    add_standings(delivery, false);
    return delivery;
}

// Nothing may be said of those that go on with the rules of an earlier daemon.
PolicyDelivery PolicyBook::preliminary(const std::string& module) const {
    const bool is_full = std::none_of(places_.begin(), places_.end(), [&](const auto& each) {
        return each.second.seat.module == module && each.second.seat.was_there;
    });
    PolicyDelivery delivery{module, is_full, {}, {}, {}};
    add_rules(delivery, is_full);
    if (!delivery.update.endpoints.empty()) {
        add_standings(delivery, false);
    }
    return delivery;
}

std::vector<PolicyDelivery> PolicyBook::round() {
    const auto update = is_synced_ ? index_.take() : Update{};
    std::vector<PolicyDelivery> all;
    for (const auto& [name, module] : modules_) {
        const bool is_full = is_synced_ && (!module.is_begun || module.needs_full);
        auto delivery = !is_synced_ ? preliminary(name)
                        : is_full   ? everything(name)
                                    : difference(name, update);
        const bool is_idle = !is_full && delivery.update.empty();
        const bool is_redundant =
            !is_synced_ && std::all_of(places_.begin(), places_.end(), [&](const auto& each) {
                return each.second.seat.module != name || !each.second.is_open ||
                       each.second.is_told;
            });
        if (!is_idle && !is_redundant) {
            all.push_back(std::move(delivery));
        }
    }
    if (!all.empty()) {
        ++revision_;
    }
    for (auto& delivery : all) {
        delivery.update.revision = revision_;
    }
    return all;
}

void PolicyBook::distrust() {
    for (auto& [_, module] : modules_) {
        module.needs_full = true;
    }
}

void PolicyBook::settle(const PolicyDelivery& delivery, bool is_applied) {
    auto& module = modules_[delivery.module];
    module.needs_full = !is_applied;
    if (!is_applied) {
        return;
    }
    module.is_begun = module.is_begun || is_synced_;
    module.had = delivery.update.revision;
    for (const auto& standing : delivery.standings) {
        const auto found = places_.find(standing.key);
        if (found == places_.end() || found->second.seat.ticket != standing.ticket) {
            continue;
        }
        auto& place = found->second;
        place.is_told = standing.in_force;
        place.is_open = place.is_open &&
                        (place.seat.pod.name.empty() || index_.told(place.seat.pod) == nullptr);
    }
}

std::string PolicyBook::why_unruled(const endpoint::EndpointKey& key) const {
    const auto place = places_.find(key);
    if (!is_synced_ || place == places_.end() || place->second.is_told) {
        return {};
    }
    const auto& seat = place->second.seat;
    const auto space = index_.cluster().find(seat.pod.space);
    const auto* const pod = space == index_.cluster().end() ? nullptr : pod_of(space->second, seat);
    if (pod == nullptr) {
        return "the API server knows no pod " + seat.pod.text() +
               ": if it was deleted, end its sandbox (crictl rmp); if it is a static pod, the "
               "kubelet's log says why it has no mirror there";
    }
    if (const auto uid = pod->uid.text(); !seat.uid.empty() && !uid.empty() && uid != seat.uid) {
        return "the API server's pod " + seat.pod.text() + " has the UID " + uid +
               ", and the sandbox is of " + seat.uid +
               ", which was deleted: end the sandbox (crictl rmp)";
    }
    return index_.is_ready(*pod) ? ""
                                 : "the API server knows no namespace " + seat.pod.space +
                                       ", by whose labels ClusterNetworkPolicies select the pod";
}

std::uint64_t PolicyBook::had(const std::string& module) const {
    const auto found = modules_.find(module);
    return found == modules_.end() ? 0 : found->second.had;
}

}  // namespace terway::daemon
