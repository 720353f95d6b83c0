// Laws 8 and 12: which packets pass, and when.
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <tuple>

#include "base/mutex.hpp"
#include "base/netns.hpp"
#include "base/time.hpp"
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

using sdk::testing::Direction;
using sdk::testing::PolicyBuilder;

constexpr std::uint8_t kUdp = 17;

std::vector<std::string> texts(const std::vector<IpAddress>& addresses) {
    std::vector<std::string> all;
    for (const auto& address : addresses) {
        all.push_back(address.text());
    }
    return all;
}

// Of the governed pod, whose ingress names the set "neighbours".
PolicyBuilder& add_rules(const Neighbours& pods, PolicyBuilder& policy) {
    return policy.endpoint(pods.governed.endpoint.container_id(), pods.governed.endpoint.ifname())
        .allow(Direction::Ingress, {kUdp, kAllowedPort, kAllowedPort, {"neighbours"}})
        .isolate(Direction::Egress);
}

void apply(Bench& bench, const twy_policy_update& update) {
    bench.world.as_host("apply", [&] { bench.world.module().apply(update); });
}

void expect_allowed(const Neighbours& pods, const std::string& when) {
    for (const auto& address : pods.governed.addresses) {
        if (!is_answered(pods.in(address, kAllowedPort), kPatience)) {
            throw Broken{"a packet that the policy allows does not reach the pod over " +
                             family_name(address) + " " + when,
                         {}};
        }
    }
}

void expect_rules(const Neighbours& pods, const std::string& when) {
    expect_allowed(pods, when);
    for (std::size_t i = 0; i < pods.governed.addresses.size(); ++i) {
        if (arrives(pods.in(pods.governed.addresses[i], kOtherPort), kSilence)) {
            throw Broken{"a packet to a port the policy does not allow reaches the pod " + when,
                         {}};
        }
        if (arrives(pods.out(i, kAllowedPort), kSilence)) {
            throw Broken{"a packet leaves the pod although the policy allows no egress " + when,
                         {}};
        }
    }
}

// What packets on their way may still need goes a little later.
void expect_soon(Bench& bench, const Snapshot& wanted, const std::string& when) {
    const auto deadline = after(kPatience);
    while (!difference(wanted, bench.world.snapshot()).empty() && Clock::now() < deadline) {
        std::this_thread::sleep_for(kSilence);
    }
    Bench::expect_same(wanted, bench.world.snapshot(), when);
}

// What a difference says is in force as if it had been said at once.
void expect_differences(Bench& bench, const Neighbours& pods) {
    const auto addresses = texts(pods.neighbour.addresses);
    PolicyBuilder leaves;
    apply(bench, leaves.pods_change("neighbours", {}, addresses).difference(11));
    pods.expect_denied("after its only peer left the set");
    PolicyBuilder returns;
    apply(bench, returns.pods_change("neighbours", addresses, {}).difference(12));
    expect_rules(pods, "after its peer came into the set again");
    PolicyBuilder gone;
    apply(bench,
          gone.gone_endpoint(pods.governed.endpoint.container_id(), pods.governed.endpoint.ifname())
              .gone_set("neighbours")
              .difference(13));
    pods.expect_denied("after its rules were said to be gone");
    PolicyBuilder again;
    again.pods("neighbours", addresses);
    apply(bench, add_rules(pods, again).difference(14));
    expect_rules(pods, "after its rules were said again");
}

// Whether a trace has told what the pod's rules said to a packet.
class Witness {
public:
    explicit Witness(Bench& bench)
        : thread_([this, &bench] {
              const NetnsScope scope(bench.world.host().fd());
              try {
                  bench.world.module().trace_policy(
                      [this](const twy_policy_verdict* verdict) { return hear(verdict); });
              } catch (const Error& error) {
                  if (error.status() != Status::Unsupported) {
                      const MutexLock lock(mutex_);
                      failure_ = error.what();
                  }
              }
              const MutexLock lock(mutex_);
              is_over_ = true;
              condition_.notify_all();
          }) {}
    ~Witness() { leave(); }
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

    // False where it cannot be done here; throws Broken if it does not begin.
    bool begins() {
        const MutexLock lock(mutex_);
        (void)condition_.wait(mutex_, {}, after(kPatience),
                              [&]() TERWAY_REQUIRES(mutex_) { return has_begun_ || is_over_; });
        if (!has_begun_ && !is_over_) {
            throw Broken{"trace does not call its sink", {}};
        }
        if (!failure_.empty()) {
            throw Broken{"trace fails: " + failure_, {}};
        }
        return has_begun_;
    }
    void expect(const Pod& pod, std::uint8_t direction, std::uint8_t verdict, std::uint16_t port) {
        const MutexLock lock(mutex_);
        const auto is_told = [&]() TERWAY_REQUIRES(mutex_) {
            return told_.contains(
                {std::string(pod.endpoint.container_id()), direction, verdict, port});
        };
        if (!condition_.wait(mutex_, {}, after(kPatience), is_told)) {
            throw Broken{std::string("trace does not tell a packet that is ") +
                             (verdict == TWY_ALLOW ? "allowed" : "denied"),
                         {}};
        }
    }
    // The sink wants no more.
    void leave() {
        is_wanted_ = false;
        if (thread_.joinable()) {
            thread_.join();
        }
    }

private:
    bool hear(const twy_policy_verdict* verdict) {
        const MutexLock lock(mutex_);
        has_begun_ = true;
        if (verdict != nullptr) {
            told_.insert({{verdict->key.container_id.data, verdict->key.container_id.size},
                          verdict->direction,
                          verdict->verdict,
                          verdict->destination_port});
        }
        condition_.notify_all();
        return is_wanted_;
    }

    Mutex mutex_;
    Condition condition_;
    std::set<std::tuple<std::string, std::uint8_t, std::uint8_t, std::uint16_t>> told_
        TERWAY_GUARDED_BY(mutex_);
    bool has_begun_ TERWAY_GUARDED_BY(mutex_) = false;
    bool is_over_ TERWAY_GUARDED_BY(mutex_) = false;
    std::string failure_ TERWAY_GUARDED_BY(mutex_);
    std::atomic<bool> is_wanted_{true};
    std::thread thread_;
};

void expect_trace(Bench& bench, const Neighbours& pods) {
    if (!bench.world.module().can_trace()) {
        return;
    }
    Witness witness(bench);
    if (!witness.begins()) {
        return;  // the kernel cannot
    }
    expect_rules(pods, "during a trace");
    witness.expect(pods.governed, TWY_INGRESS, TWY_ALLOW, kAllowedPort);
    witness.expect(pods.governed, TWY_INGRESS, TWY_DENY, kOtherPort);
    witness.expect(pods.governed, TWY_EGRESS, TWY_DENY, kAllowedPort);
    witness.leave();
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

    PolicyBuilder policy;
    policy.pods("neighbours", texts(pods.neighbour.addresses));
    add_rules(pods, policy);
    apply(bench, policy.full(7));
    bench.expect_check_passes(pods.governed, "after apply");
    expect_rules(pods, "after apply");
    expect_trace(bench, pods);
    const auto applied = bench.world.snapshot();
    apply(bench, policy.full(8));
    bench.expect_same(applied, bench.world.snapshot(), "apply of the same rules changes something");
    bench.world.restart();
    bench.adopt(pods.governed);
    expect_allowed(pods, "after a restart of the daemon");
    apply(bench, policy.full(9));
    expect_differences(bench, pods);

    PolicyBuilder nothing;
    apply(bench, nothing.full(20));
    pods.expect_denied("after an update that does not name it");
    expect_soon(bench, attached, "apply of the empty update leaves a trace of the last one");
}

}  // namespace terway::conformance
