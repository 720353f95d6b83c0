#include "policy_cluster.hpp"

#include <iostream>
#include <utility>

#include "interrupt.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

namespace json = boost::json;
using sim::kube::Api;
using sim::kube::Key;
using sim::kube::kind_named;

constexpr const char* kPods = "pods";
constexpr const char* kNobodysApp = "nobodys";

// The number of the tier that a pod is to have next.
std::string next_tier(const json::object& pod) {
    const auto now = label(pod, "tier");
    unsigned number = 0;
    while (PolicyObjects::tier(number) != now) {
        ++number;
    }
    return PolicyObjects::tier(number + 1);
}

}  // namespace

PolicyCluster::PolicyCluster(const Programs& programs, const std::string& scratch,
                             const PolicyScale& scale)
    : objects_(scale), node_(programs, scratch, "policy") {
    fill();
    add_pods();
}

void PolicyCluster::fill() {
    const auto& scale = objects_.scale();
    std::cerr << "making a cluster of " << scale.pods << " pods and " << scale.policies
              << " policies\n";
    node_.server().with([&](Api& api) {
        for (unsigned number = 0; number < scale.spaces; ++number) {
            store_object(api, "namespaces", objects_.space(number));
        }
        for (unsigned number = 0; number < scale.pods; ++number) {
            store_object(api, kPods, objects_.pod(number));
        }
        for (unsigned number = 0; number < scale.policies; ++number) {
            store_object(api, "networkpolicies.networking.k8s.io", objects_.policy(number));
        }
    });
}

void PolicyCluster::add_pods() {
    std::cerr << "adding " << objects_.scale().local << " pods\n";
    node_.start_daemon();
    for (unsigned ordinal = 0; ordinal < objects_.scale().local; ++ordinal) {
        check_interrupted();
        const auto number = objects_.local(ordinal);
        const auto& made = pods_.emplace(number, node_.add(objects_.pod(number))).first->second;
        change_pod(number, "", {},
                   [&](json::object& pod) { give_address(pod, made.address.text()); });
        if (objects_.is_chosen_by_app(number)) {
            chosen_.push_back(number);
        }
    }
    node_.stop_daemon();
}

FirstSync PolicyCluster::restart() {
    const auto begin = Clock::now();
    node_.start_daemon();
    node_.await_first_sync();
    return {node_.daemon().cpu_seconds(), milliseconds_between(begin, Clock::now()),
            node_.daemon().memory()};
}

void PolicyCluster::expect(const std::string& token, Expected what) {
    if (watch_ != nullptr && !token.empty()) {
        what.begun = Clock::now();
        watch_->expect(token, what);
    }
}

// The watches of the API server hear of it afterwards.
template <class Change>
void PolicyCluster::change_pod(unsigned number, const std::string& token, const Expected& what,
                               Change change) {
    const Key key{objects_.space_of_pod(number), PolicyObjects::pod_name(number)};
    node_.server().with([&](Api& api) {
        const auto bucket = kind_named(kPods).stored();
        auto pod = api.store().find(bucket, key)->value;
        change(pod);
        (void)api.store().put(bucket, key, std::move(pod));
        expect(token, what);
    });
}

void PolicyCluster::change_tier(unsigned number) {
    change_pod(number, token_of_address(PolicyObjects::address_of_pod(number)),
               {.kind = Label, .is_added = true, .is_removed = true},
               [](json::object& pod) { set_label(pod, "tier", next_tier(pod)); });
}

void PolicyCluster::come(unsigned number) {
    auto pod = objects_.pod(number);
    node_.server().with([&](Api& api) {
        store_object(api, kPods, std::move(pod));
        expect(token_of_address(PolicyObjects::address_of_pod(number)),
               {.kind = Comes, .is_added = true});
    });
}

void PolicyCluster::go(unsigned number) {
    node_.server().with([&](Api& api) {
        (void)api.store().remove(kind_named(kPods).stored(),
                                 {objects_.space_of_pod(number), PolicyObjects::pod_name(number)});
        expect(token_of_address(PolicyObjects::address_of_pod(number)),
               {.kind = Goes, .is_removed = true});
    });
}

void PolicyCluster::change_app(std::size_t ordinal) {
    const auto number = chosen_.at(ordinal % chosen_.size());
    change_pod(number, token_of_chain("pi_" + pods_.at(number).link),
               {.kind = LocalLabel, .is_added = true}, [&](json::object& pod) {
                   const auto chosen = objects_.chosen_app(number);
                   set_label(pod, "app", label(pod, "app") == chosen ? kNobodysApp : chosen);
               });
}

}  // namespace terway::bench
