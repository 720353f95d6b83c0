// Laws 8 and 12: which packets pass, and when.
#include "laws.hpp"
#include "netlink/link.hpp"
#include "plain_veth.hpp"
#include "probe.hpp"

namespace terway::conformance {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSilence{150};
constexpr milliseconds kPatience{5000};

Probe to_pod(const World& world, const Pod& pod, const IpAddress& address) {
    return {world.host().fd(), pod.netns.fd(), address};
}

Probe from_pod(const World& world, const Pod& pod, const IpAddress& address) {
    return {pod.netns.fd(), world.host().fd(), world.host_address(address.family())};
}

std::string family_name(const IpAddress& address) {
    return address.is_v4() ? "IPv4" : "IPv6";
}

void expect_dark(World& world, Pod& pod) {
    auto socket = netlink::Socket::in(pod.netns.fd());
    const auto link = netlink::find_link(socket, pod.endpoint.ifname());
    if (link && link->up) {
        throw Broken{"link " + link->name + " in the pod is up before activate", {}};
    }
    for (const auto& address : pod.addresses) {
        if (arrives(to_pod(world, pod, address), kSilence)) {
            throw Broken{"an " + family_name(address) +
                             " packet of the host reaches the pod before activate",
                         {}};
        }
        if (arrives(from_pod(world, pod, address), kSilence)) {
            throw Broken{"an " + family_name(address) +
                             " packet of the pod reaches the host before activate",
                         {}};
        }
    }
}

// A pod that policy governs and its neighbour, which it does not.
struct Neighbours {
    Bench& bench;
    Pod& governed;
    Pod& neighbour;

    [[nodiscard]] Probe in(const IpAddress& address, std::uint16_t port) const {
        return {neighbour.netns.fd(), governed.netns.fd(), address, port};
    }
    [[nodiscard]] Probe out(std::size_t family, std::uint16_t port) const {
        return {governed.netns.fd(), neighbour.netns.fd(), neighbour.addresses[family], port};
    }

    void expect_denied(const std::string& when) const {
        for (std::size_t i = 0; i < governed.addresses.size(); ++i) {
            if (arrives(in(governed.addresses[i], 4242), kSilence)) {
                throw Broken{"a packet reaches the pod " + when, {}};
            }
            if (arrives(out(i, 4242), kSilence)) {
                throw Broken{"a packet leaves the pod " + when, {}};
            }
        }
    }
};

constexpr std::uint16_t kAllowedPort = 4242;
constexpr std::uint16_t kOtherPort = 4243;

sdk::testing::PolicyBuilder allow_neighbour(const Neighbours& pods) {
    using sdk::testing::Direction;
    using sdk::testing::PolicyBuilder;
    PolicyBuilder policy;
    std::vector<std::string> addresses;
    for (const auto& address : pods.neighbour.addresses) {
        addresses.push_back(address.text());
    }
    PolicyBuilder::Rule rule;
    rule.protocol = 17;
    rule.ports = {{kAllowedPort, kAllowedPort}};
    rule.peers = {"neighbours"};
    policy.address_set("neighbours", addresses)
        .endpoint(pods.governed.endpoint.container_id(), pods.governed.endpoint.ifname(), true,
                  true)
        .rule(Direction::Ingress, rule);
    return policy;
}

void apply(Bench& bench, sdk::testing::PolicyBuilder& policy, std::uint64_t revision) {
    std::uint64_t reached = 0;
    const auto set = policy.raw(revision);
    bench.world.as_host("apply", [&] { reached = bench.world.module().apply(set); });
    if (reached != revision) {
        throw Broken{"apply of revision " + std::to_string(revision) + " answers revision " +
                         std::to_string(reached),
                     {}};
    }
}

}  // namespace

void law_silence(const Options& options, Kind kind) {
    Bench bench(options, kind);
    Pod& pod = bench.add_pod();
    bench.attach(pod);
    expect_dark(bench.world, pod);
    bench.activate(pod);
    for (const auto& address : pod.addresses) {
        if (!is_answered(to_pod(bench.world, pod, address), kPatience)) {
            throw Broken{
                "after activate the pod does not answer the host over " + family_name(address), {}};
        }
        if (!is_answered(from_pod(bench.world, pod, address), kPatience)) {
            throw Broken{
                "after activate the host does not answer the pod over " + family_name(address), {}};
        }
    }
}

void law_apply(const Options& options, Kind kind) {
    Bench bench(options, kind);
    const Neighbours pods{bench, bench.add_pod(), bench.add_pod()};
    activate_plain_veth(bench.world, pods.neighbour);
    activate_plain_veth(bench.world, pods.governed);
    for (const auto& address : pods.governed.addresses) {
        if (!is_answered(pods.in(address, kAllowedPort), kPatience)) {
            throw Error(Status::Internal,
                        "the tool's own veths do not carry " + family_name(address));
        }
    }
    bench.attach(pods.governed);
    pods.expect_denied("before any policy was applied");
    const auto attached = bench.world.snapshot();

    auto policy = allow_neighbour(pods);
    apply(bench, policy, 7);
    bench.expect_check_passes(pods.governed, "after apply");
    for (std::size_t i = 0; i < pods.governed.addresses.size(); ++i) {
        const auto& address = pods.governed.addresses[i];
        if (!is_answered(pods.in(address, kAllowedPort), kPatience)) {
            throw Broken{"a packet that the policy allows does not reach the pod over " +
                             family_name(address),
                         {}};
        }
        if (arrives(pods.in(address, kOtherPort), kSilence)) {
            throw Broken{"a packet to a port the policy does not allow reaches the pod", {}};
        }
        if (arrives(pods.out(i, kAllowedPort), kSilence)) {
            throw Broken{"a packet leaves the pod although the policy allows no egress", {}};
        }
    }
    const auto applied = bench.world.snapshot();
    apply(bench, policy, 8);
    bench.expect_same(applied, bench.world.snapshot(), "apply of the same set changes something");
    bench.world.restart();
    bench.adopt(pods.governed);
    if (!is_answered(pods.in(pods.governed.addresses[0], kAllowedPort), kPatience)) {
        throw Broken{"rules in force are not in force after a restart of the daemon", {}};
    }

    sdk::testing::PolicyBuilder nothing;
    apply(bench, nothing, 9);
    pods.expect_denied("after a set that does not name it");
    bench.expect_same(attached, bench.world.snapshot(),
                      "apply of the empty set leaves a trace of the last one");
}

}  // namespace terway::conformance
