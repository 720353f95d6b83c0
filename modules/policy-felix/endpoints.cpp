#include "endpoints.hpp"

#include <linux/netlink.h>
#include <net/if.h>

#include <algorithm>

#include "cut.hpp"
#include "netlink/route.hpp"
#include "terway/error.hpp"

namespace terway::felix {
namespace {

policy::EndpointKey key_of(const sdk::EndpointView& endpoint) {
    return {std::string(endpoint.container_id()), std::string(endpoint.ifname())};
}

std::vector<IpAddress> addresses_of(const sdk::EndpointView& endpoint) {
    std::vector<IpAddress> out;
    for (const auto& prefix : endpoint.addresses()) {
        out.push_back(Prefix::from_abi(prefix).address());
    }
    return out;
}

// For people.
std::string name_of(const sdk::EndpointView& endpoint) {
    if (endpoint.pod_name().empty()) {
        return std::string(endpoint.host_ifname());
    }
    return std::string(endpoint.pod_namespace()) + "/" + std::string(endpoint.pod_name());
}

std::set<IpAddress> difference(const std::set<IpAddress>& a, const std::set<IpAddress>& b) {
    std::set<IpAddress> out;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
    return out;
}

Place on_host(const Options& options) {
    Place place;
    place.asks_for_node = options.asks_for_node;
    place.drops_unknown = options.drops_unknown;
    netlink::Socket socket(NETLINK_NETFILTER);
    place.logs = nft::can_log(socket);
    return place;
}

// Of the calling thread's namespace.
std::set<IpAddress> local_addresses() {
    netlink::Socket socket;
    std::set<IpAddress> out;
    for (const auto family : {Family::V4, Family::V6}) {
        for (const auto& route : netlink::routes(socket, family, RT_TABLE_LOCAL)) {
            if (route.type == RTN_LOCAL) {
                out.insert(route.destination.address());
            }
        }
    }
    return out;
}

void add(twy_verdicts& sum, const twy_verdicts& more) {
    sum.allowed += more.allowed;
    sum.denied += more.denied;
}

}  // namespace

Endpoints::Endpoints(const Options& options, std::vector<IpAddress> node,
                     const std::function<void(const std::string&)>& log)
    : options_(options),
      node_(std::move(node)),
      host_(on_host(options), netlink::Socket(NETLINK_NETFILTER)),
      tracer_(std::make_shared<Tracer>(
          netlink::Socket(NETLINK_NETFILTER), host_.place().logs,
          options.logs_denied ? log : std::function<void(const std::string&)>())) {
    host_.reconcile(picture_, {});
}

void Endpoints::move_node(std::vector<IpAddress> node) {
    node_ = std::move(node);
    host_.reconcile(picture_, {});
    for (auto& [_, endpoint] : all_) {
        if (endpoint.own == nullptr || endpoint.has_host_link) {
            continue;
        }
        auto place = endpoint.own->place();
        place.node = node_;
        endpoint.own->replace(std::move(place));
        endpoint.own->reconcile(picture_, {});
    }
}

std::vector<Table*> Endpoints::tables_of(Endpoint& endpoint) {
    std::vector<Table*> all;
    if (endpoint.has_host_link) {
        all.push_back(&host_);
    }
    if (endpoint.own != nullptr) {
        all.push_back(endpoint.own.get());
    }
    return all;
}

Endpoints::Endpoint& Endpoints::known(const sdk::EndpointView& endpoint) {
    const auto found = all_.find(key_of(endpoint));
    if (found == all_.end()) {
        throw Error(Status::Gone,
                    "no policy is in force for " + std::string(endpoint.host_ifname()));
    }
    return found->second;
}

void Endpoints::bring(const sdk::EndpointView& endpoint, const twy_attachment& made, bool is_told) {
    auto [at, is_new] = all_.try_emplace(key_of(endpoint));
    auto& brought = at->second;
    if (is_new) {
        brought.end.is_told = is_told;
    }
    brought.link = endpoint.host_ifname();
    brought.addresses = addresses_of(endpoint);
    // A side link is judged at its end on the host, where Services are translated already.
    brought.has_host_link = made.host_ifindex != 0 || made.side_ifindex != 0;
    if (made.host_ifindex == 0 && endpoint.netns_fd() >= 0) {
        Place place{.is_on_host = false,
                    .link = brought.link,
                    .pod_ifindex = made.pod_ifindex,
                    .node = {},
                    .asks_for_node = options_.asks_for_node,
                    .logs = host_.place().logs};
        if (!brought.has_host_link) {
            place.node = node_;
        }
        brought.own = std::make_unique<Table>(
            std::move(place), netlink::Socket::in(endpoint.netns_fd(), NETLINK_NETFILTER));
    }
    for (auto* const table : tables_of(brought)) {
        table->want(brought.link, brought.end);
        table->verify(brought.link);
        table->reconcile(picture_, {});
    }
    tracer_->put({at->first, brought.link, name_of(endpoint),
                  brought.has_host_link ? ::if_nametoindex(brought.link.c_str()) : 0,
                  brought.own == nullptr ? -1 : endpoint.netns_fd()});
}

void Endpoints::attach(const sdk::EndpointView& endpoint, const twy_attachment& made) {
    if (made.host_ifindex == 0 && endpoint.netns_fd() < 0) {
        throw Error(Status::Gone, "the sandbox is gone");
    }
    bring(endpoint, made, true);
}

void Endpoints::adopt(const sdk::EndpointView& endpoint, const twy_attachment& made) {
    bring(endpoint, made, false);
}

void Endpoints::detach(const sdk::EndpointView& endpoint) {
    const auto found = all_.find(key_of(endpoint));
    const bool is_known = found != all_.end();
    if (is_known && found->second.own != nullptr) {
        found->second.own->purge();
    } else if (!is_known && endpoint.netns_fd() >= 0) {  // of an earlier daemon
        Place inside;
        inside.is_on_host = false;
        Table(inside, netlink::Socket::in(endpoint.netns_fd(), NETLINK_NETFILTER)).purge();
    }
    if (!is_known || found->second.has_host_link) {
        host_.remove(std::string(endpoint.host_ifname()));
    }
    tracer_->remove(key_of(endpoint));
    if (is_known) {
        all_.erase(found);
    }
}

void Endpoints::check(const sdk::EndpointView& endpoint) {
    auto& of = known(endpoint);
    for (auto* const table : tables_of(of)) {
        table->check(of.link);
    }
}

twy_policy_counters Endpoints::observe(const sdk::EndpointView& endpoint) {
    auto& of = known(endpoint);
    auto counters = sdk::sized<twy_policy_counters>();
    for (auto* const table : tables_of(of)) {
        add(counters.ingress, table->count(Direction::Ingress, of.link));
        add(counters.egress, table->count(Direction::Egress, of.link));
    }
    return counters;
}

void Endpoints::for_each_table(const std::function<void(Table&)>& body) {
    body(host_);
    for (auto& [_, endpoint] : all_) {
        if (endpoint.own != nullptr) {
            body(*endpoint.own);
        }
    }
}

void Endpoints::apply(const twy_policy_update& update) {
    if (update.is_full == 0 && !is_sure_) {
        throw Error(Status::Invalid, "policy update: a difference to what was not applied");
    }
    is_sure_ = false;
    is_begun_ = is_begun_ || update.is_full != 0;
    read(update);
    std::optional<Error> failure;
    for_each_table([&](Table& table) {
        try {
            table.reconcile(picture_, changes_);
            if (is_begun_) {
                table.allow_sweeping();
            }
        } catch (const Error& error) {
            failure = failure ? failure : error;
        }
    });
    if (failure) {
        throw *failure;
    }
    is_sure_ = true;
    cut_forbidden();
}

void Endpoints::read(const twy_policy_update& update) {
    changes_.clear();
    narrowed_.clear();
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
            const std::set<IpAddress> now(change.added.addresses.begin(),
                                          change.added.addresses.end());
            const std::set<policy::AddressPort> ports(change.added.ports.begin(),
                                                      change.added.ports.end());
            const auto added = difference(now, before->addresses);
            const auto removed = difference(before->addresses, now);
            change.added = {{added.begin(), added.end()}, {}, {}};
            change.removed = {{removed.begin(), removed.end()}, {}, {}};
            std::set_difference(ports.begin(), ports.end(), before->ports.begin(),
                                before->ports.end(), std::back_inserter(change.added.ports));
            std::set_difference(before->ports.begin(), before->ports.end(), ports.begin(),
                                ports.end(), std::back_inserter(change.removed.ports));
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
        if (names_any(endpoint.end, narrowed_sets_)) {
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
    if (differs(Direction::Ingress) || differs(Direction::Egress)) {
        narrowed_.insert(key);
    }
    endpoint.end = std::move(end);
    for (auto* const table : tables_of(endpoint)) {
        table->want(endpoint.link, endpoint.end);
    }
}

void Endpoints::cut_forbidden() {
    if (!options_.cuts_established || narrowed_.empty()) {
        return;
    }
    Judges on_host;
    for (const auto& key : narrowed_) {
        auto& endpoint = all_.at(key);
        Judges inside;
        for (const auto& address : endpoint.addresses) {
            inside.insert_or_assign(address, endpoint.end);
        }
        if (endpoint.has_host_link) {
            on_host.insert(inside.begin(), inside.end());
        }
        if (endpoint.own != nullptr) {
            cut(endpoint.own->socket(), inside, picture_, {node_.begin(), node_.end()},
                options_.asks_for_node);
        }
    }
    if (!on_host.empty()) {
        cut(host_.socket(), on_host, picture_, local_addresses(), options_.asks_for_node);
    }
}

std::optional<Deadline> Endpoints::sweep(Deadline now) {
    std::optional<Deadline> next;
    for_each_table([&](Table& table) {
        if (const auto more = table.sweep(now)) {
            next = std::min(next.value_or(Deadline::max()), *more);
        }
    });
    return next;
}

}  // namespace terway::felix
