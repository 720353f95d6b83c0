#include "endpoint/spec_maker.hpp"

#include <cstdint>
#include <vector>

#include "endpoint/names.hpp"

namespace terway::endpoint {
namespace {

std::vector<Prefix> hosts(const std::vector<IpAddress>& addresses) {
    std::vector<Prefix> all;
    all.reserve(addresses.size());
    for (const auto& address : addresses) {
        all.push_back(Prefix::host(address));
    }
    return all;
}

// Runtimes that are told a rate and no burst write the largest number they know.
std::uint64_t asked_burst(std::uint64_t rate, std::uint64_t burst) {
    constexpr std::uint64_t kNoOpinion = 0x7fffffff;
    return rate == 0 || burst >= kNoOpinion ? 0 : burst;
}

// Sets the limit of one direction at an ADD, and answers what the annotations are taken to have
// said: what the runtime has from them is theirs, however they have changed since.
std::uint64_t begin(std::uint64_t& limit, std::uint64_t wish, std::uint64_t read) {
    const bool is_from_them = limit != 0 && limit == read;
    limit = limit != 0 ? limit : wish;
    return is_from_them ? read : wish;
}

// A burst belongs to the rate it was told with.
void follow(std::uint64_t& limit, std::uint64_t& burst, std::uint64_t& annotated,
            std::uint64_t wish) {
    if (annotated == wish) {
        return;
    }
    burst = limit == wish ? burst : 0;
    limit = annotated = wish;
}

}  // namespace

EndpointSpec spec_of(const cni::Request& request, const profile::Profile& profile) {
    EndpointSpec spec;
    spec.key = {request.container_id, request.ifname};
    spec.network = request.config.name;
    spec.netns = request.netns;
    spec.pod_namespace = request.args.pod_namespace;
    spec.pod_name = request.args.pod_name;
    spec.pod_uid = request.args.pod_uid;
    spec.mtu = request.config.mtu.value_or(profile.endpoint.mtu);
    if (const auto& bandwidth = request.config.runtime.bandwidth) {
        spec.ingress_bps = bandwidth->ingress_rate;
        spec.egress_bps = bandwidth->egress_rate;
        spec.ingress_burst = asked_burst(bandwidth->ingress_rate, bandwidth->ingress_burst);
        spec.egress_burst = asked_burst(bandwidth->egress_rate, bandwidth->egress_burst);
    }
    spec.host_ifname = host_ifname(profile.endpoint.host_names, spec);
    spec.sticky = sticky_name(profile.pool.sticky_pods, spec);
    return spec;
}

void note_lease(EndpointSpec& spec, const pool::Lease& lease) {
    spec.addresses = hosts(lease.addresses);
    if (lease.eni) {
        spec.eni = lease.eni->id;
        spec.eni_ifindex = lease.eni->ifindex;
        spec.eni_mac = lease.eni->mac;
        spec.subnets = lease.eni->subnets;
        spec.gateways = hosts(lease.eni->gateways);
    }
}

void take_wish(EndpointSpec& spec, const QosWish& wish, const Rates& read) {
    spec.annotated = {begin(spec.ingress_bps, wish.rates.ingress, read.ingress),
                      begin(spec.egress_bps, wish.rates.egress, read.egress)};
    spec.priority = wish.priority;
}

EndpointSpec following(EndpointSpec spec, const QosWish& wish) {
    follow(spec.ingress_bps, spec.ingress_burst, spec.annotated.ingress, wish.rates.ingress);
    follow(spec.egress_bps, spec.egress_burst, spec.annotated.egress, wish.rates.egress);
    spec.priority = wish.priority;
    return spec;
}

}  // namespace terway::endpoint
