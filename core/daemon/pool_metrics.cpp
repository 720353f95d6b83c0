#include "daemon/pool_metrics.hpp"

#include <map>
#include <string>

namespace terway::daemon {
namespace {

// States stay at zero once they have been seen nowhere, so all are set each time.
constexpr auto kAddressStates = {"idle",      "used",    "cooling",    "reserved",
                                 "releasing", "missing", "unconfirmed"};

void describe_cidr(Metrics& metrics, const pool::CidrCount& cidr) {
    const auto set = [&](const char* state, std::uint64_t value) {
        metrics
            .gauge("terway_pool_addresses", "Addresses of a pod CIDR by state",
                   {{"cidr", cidr.cidr.text()}, {"state", state}})
            .set(static_cast<double>(value));
    };
    set("used", cidr.used);
    set("cooling", cidr.cooling);
    set("free", cidr.free);
}

void describe_eni(Metrics& metrics, const pool::EniPicture& eni) {
    std::map<std::string, double> states;
    for (const auto* state : kAddressStates) {
        states[state] = 0;
    }
    for (const auto& address : eni.addresses) {
        ++states[address.state];
    }
    for (const auto& [state, count] : states) {
        metrics
            .gauge("terway_pool_eni_addresses", "Addresses of an ENI by state",
                   {{"eni", eni.place.id}, {"state", state}})
            .set(count);
    }
}

void set(Metrics& metrics, const char* name, const char* help, std::uint64_t value) {
    metrics.gauge(name, help).set(static_cast<double>(value));
}

}  // namespace

void describe_pool(Metrics& metrics, const pool::PoolPicture& picture) {
    for (const auto& cidr : picture.cidrs) {
        describe_cidr(metrics, cidr);
    }
    for (const auto& eni : picture.enis) {
        describe_eni(metrics, eni);
    }
    set(metrics, "terway_pool_waiting", "Requests waiting for an address", picture.waiting.size());
    if (const auto& count = picture.exclusive_enis) {
        set(metrics, "terway_exclusive_eni_capacity", "Pods that can have an ENI of their own",
            count->capacity);
        set(metrics, "terway_exclusive_eni_allocated", "Pods that have an ENI of their own",
            count->allocated);
        set(metrics, "terway_exclusive_eni_warm", "ENIs ready for a pod of their own", count->warm);
    }
    if (picture.cidrs.empty() || !picture.enis.empty()) {
        set(metrics, "terway_pool_enis", "ENIs that serve pods", picture.enis.size());
        set(metrics, "terway_pool_capacity", "Endpoints the node can have", picture.capacity);
        set(metrics, "terway_pool_used", "Endpoints that have addresses", picture.used);
        set(metrics, "terway_pool_idle", "Endpoints that could be served at once", picture.idle);
        set(metrics, "terway_pool_troubles", "Things that keep the pool from growing",
            picture.troubles.size());
    }
}

}  // namespace terway::daemon
