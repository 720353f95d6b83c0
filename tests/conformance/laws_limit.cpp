// Law 17: limits hold, follow what is asked for and go.
#include "goodput.hpp"
#include "laws.hpp"
#include "plain_veth.hpp"

namespace terway::conformance {
namespace {

constexpr double kIngress = 20e6;
constexpr double kEgress = 8e6;
constexpr double kBurstSeconds = 0.3;  // what may come at once

std::string direction(bool to_pod, const IpAddress& address) {
    return std::string(to_pod ? "towards" : "from") + " the pod over " +
           (address.is_v4() ? "IPv4" : "IPv6");
}

struct Trial {
    Bench& bench;
    Pod& pod;

    [[nodiscard]] test::Torrent torrent(bool to_pod, const IpAddress& address) const {
        const int host = bench.world.host().fd();
        const int inside = pod.netns.fd();
        return {to_pod ? host : inside, to_pod ? inside : host,
                to_pod ? address : bench.world.host_address(address.family())};
    }

    void expect_held(double ingress, double egress, const std::string& when) const {
        for (const auto& address : pod.addresses) {
            for (const bool to_pod : {true, false}) {
                const double limit = to_pod ? ingress : egress;
                auto traffic = torrent(to_pod, address);
                const auto wrong = test::breach(traffic, limit, limit * kBurstSeconds);
                if (!wrong.empty()) {
                    throw Broken{when + " the limit of " + std::to_string(limit) + " bit/s " +
                                     direction(to_pod, address) + " does not hold: " + wrong,
                                 {}};
                }
            }
        }
    }
};

void set_limits(Pod& pod, double ingress, double egress) {
    pod.endpoint.limits(static_cast<std::uint64_t>(ingress), static_cast<std::uint64_t>(egress));
}

}  // namespace

void law_limit(const Options& options, Kind kind) {
    Bench bench(options, kind);
    Pod& pod = bench.add_pod();
    const Trial trial{bench, pod};
    activate_plain_veth(bench.world, pod);
    set_limits(pod, kIngress, kEgress);
    bench.attach(pod);
    trial.expect_held(kIngress, kEgress, "after attach");
    set_limits(pod, kEgress, kIngress);
    bench.attach(pod);
    bench.expect_check_passes(pod, "after attach with other limits");
    trial.expect_held(kEgress, kIngress, "after attach with other limits");
    bench.world.restart();
    bench.adopt(pod);
    trial.expect_held(kEgress, kIngress, "after a restart of the daemon");
    bench.detach(pod);
    for (const bool to_pod : {true, false}) {
        auto traffic = trial.torrent(to_pod, pod.addresses[0]);
        if (!test::exceeds(traffic, kIngress)) {
            throw Broken{"the limit " + direction(to_pod, pod.addresses[0]) + " outlives detach",
                         {}};
        }
    }
}

}  // namespace terway::conformance
