#include "endpoints.hpp"

#include <linux/netlink.h>
#include <net/if.h>

#include <algorithm>
#include <utility>

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

Place on_host(const Options& options) {
    Place place;
    place.asks_for_node = options.asks_for_node;
    place.drops_unknown = options.drops_unknown;
    netlink::Socket socket(NETLINK_NETFILTER);
    place.logs = nft::can_log(socket);
    return place;
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
        close_gap(*table);
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
            close_gap(table);
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
}

std::vector<std::string> Endpoints::restore_elements() {
    std::vector<std::string> names;
    if (!is_sure_ || !is_begun_) {
        return names;  // a full update is to come
    }
    std::optional<Error> failure;
    for_each_table([&](Table& table) {
        try {
            const auto more = table.restore_elements(picture_);
            names.insert(names.end(), more.begin(), more.end());
            close_gap(table);
        } catch (const Error& error) {
            failure = failure ? failure : error;
        }
    });
    if (failure && names.empty()) {  // else it is told the next time
        throw *failure;
    }
    return names;
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
