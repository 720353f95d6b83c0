#include "sim/demo/secondary_ip.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "sim/demo/scenes.hpp"
#include "sim/topology.hpp"

namespace terway::sim::demo {
namespace {

constexpr std::size_t kWarm = 10;
constexpr std::size_t kFirstPods = 5;
constexpr std::size_t kBurst = 16;

constexpr const char* kProfile = R"(profile = "secondary-ip"
[chain]
dataplane = "veth"
[pool]
source = "eni"
families = "dual"
min_idle = 4
max_idle = 10
warm_up = 10
cool_down = "2s"
reclaim_after = "2s"
reconcile_every = "3s"
[cloud]
cluster = "demo"
credentials = "role"
ecs_endpoint = "http://100.100.0.1"
vpc_endpoint = "http://100.100.0.1"
sts_endpoint = "http://100.100.0.1"
[module.veth]
mode = "secondary-ip"
)";

double ms_since(Deadline begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

constexpr std::chrono::seconds kReadingTime{20};

// The pool reads the cloud now and then. Returns when it has just done so.
void await_lull(const CloudView& cloud) {
    const auto begin = cloud.mark();
    (void)eventually(
        [&] {
            if (cloud.since(begin).total == 0) {
                refute("the pool does not read the cloud");
            }
            return std::string();
        },
        kReadingTime);
    constexpr std::chrono::milliseconds kStill{200};
    auto last = cloud.since(begin).total;
    auto since = Clock::now();
    (void)eventually(
        [&] {
            const auto now = cloud.since(begin).total;
            if (now != last) {
                last = now;
                since = Clock::now();
            }
            if (Clock::now() < since + kStill) {
                refute("the pool keeps calling the cloud");
            }
            return std::string();
        },
        kReadingTime);
}

}  // namespace

Host::Host(Simulation& simulation, const std::string& name, const Binaries& binaries)
    : node(simulation.fabric(), name, kProfile, binaries), cloud(simulation.cloud(), "i-" + name) {}

Pod& Host::make_pod() {
    return pods.emplace_back(node.name().back() + std::to_string(pods.size() + 1));
}

Crowd::Crowd(Host& host, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        auto& pod = host.make_pod();
        names_ = i == 0 ? pod.name : names_;
        adds_.push_back(std::async(std::launch::async, [&] { host.node.cni("ADD", pod); }));
    }
    names_ += count > 1 ? " to " + host.pods.back().name : "";
}

std::string Crowd::join() {
    for (auto& add : adds_) {
        add.get();
    }
    return names_ + ", the last after " + fixed(ms_since(begin_), "ms");
}

void SecondaryIp::perform() {
    build_cloud();
    warm_up();
    add_warm();
    talk();
    cheat();
    grow();
    be_throttled();
    lose_answers();
    meddle();
    lose_eni();
    lose_cloud();
    remove_pods();
}

void SecondaryIp::build_cloud() {
    story_.act("A VPC, its cloud, and the daemon on each node");
    story_.step("namespaces, OpenAPI and metadata service are up", [this] {
        simulation_ = std::make_unique<Simulation>("demo-" + std::to_string(::getpid()),
                                                   load_whole_topology(TERWAY_DEMO_ENI_TOPOLOGY));
        return std::string(
            "10.0.0.0/24 and fd00:10::/64: node-a and node-b, ecs.g7.xlarge with a RAM role");
    });
    if (!simulation_) {
        refute("there is nothing to play on");
    }
    const auto binaries = Binaries::beside_this_program();
    start_daemon("node-a", binaries);
    start_daemon("node-b", binaries);
    if (hosts_.size() != 2) {
        refute("there are not two nodes");
    }
}

void SecondaryIp::start_daemon(const std::string& name, const Binaries& binaries) {
    story_.step(name + ": terwayd serves profile secondary-ip", [&] {
        auto& host = hosts_.emplace_back(*simulation_, name, binaries);
        host.node.start();
        host.before = host.node.kernel_state();
        return "warm; calls: " + host.cloud.since(0).text() + "; " +
               fixed(host.node.daemon_rss(), "MiB resident");
    });
}

void SecondaryIp::warm_up() {
    story_.step("node-a: the warm-up made an ENI and filled it", [this] {
        const auto pool = PoolView::of(a().node);
        if (pool.enis.size() != 1 || pool.idle != kWarm || pool.used != 0) {
            refute(pool.text());
        }
        return pool.text() + " of " + std::to_string(pool.capacity) + "; " +
               agreement(a().node, a().cloud);
    });
    story_.step("node-a: its credentials are its RAM role's", [this] {
        const auto key = a().cloud.access_key();
        const auto all = simulation_->cloud().with(
            [](Cloud& cloud) { return std::size_t{cloud.calls().total()}; });
        const auto own = a().cloud.since(0).total;
        const auto others = b().cloud.since(0).total;
        if (own == 0 || own + others < all) {
            refute(std::to_string(own) + " calls are signed with " + key + ", " +
                   std::to_string(others) + " with node-b's, of " + std::to_string(all));
        }
        return std::to_string(own) + " calls signed with " + key.substr(0, 12) +
               "..., from the metadata service";
    });
}

void SecondaryIp::add_warm() {
    story_.act("Pods, from the warm pool");
    await_lull(a().cloud);
    const auto mark = a().cloud.mark();
    for (std::size_t i = 0; i < kFirstPods; ++i) {
        stage_.add_pod(a().make_pod(), a().node);
    }
    story_.step("node-a asked the cloud nothing for that", [&] {
        const auto calls = a().cloud.since(mark);
        if (calls.total != 0) {
            refute(std::to_string(calls.total) + " calls, of which change: " + calls.text());
        }
        return std::to_string(kFirstPods) + " ADDs, 0 calls; " + PoolView::of(a().node).text();
    });
    stage_.add_pod(b().make_pod(), b().node);
    a1_ = &a().pods.front();
    a2_ = &*std::next(a().pods.begin());
    b1_ = &b().pods.front();
}

void SecondaryIp::open_servers() {
    outside_ = Netns::open(simulation_->fabric().netns_path("internet"));
    for (const auto fd : {a1_->netns.fd(), a2_->netns.fd(), b1_->netns.fd(), a().node.netns().fd(),
                          outside_->fd()}) {
        servers_.emplace_back(fd, kPort);
    }
}

void SecondaryIp::talk() {
    story_.act("Packets");
    open_servers();
    for (const auto family : {Family::V4, Family::V6}) {
        const bool v4 = family == Family::V4;
        const std::string suffix = v4 ? ", IPv4" : ", IPv6";
        const auto& own = a1_->address(family);
        stage_.ping("pod to pod on the same node" + suffix, a1_->netns, a2_->address(family));
        stage_.tcp("pod to pod on the same node" + suffix, a1_->netns, a2_->address(family),
                   own.text());
        stage_.ping("pod to pod across nodes" + suffix, a1_->netns, b1_->address(family));
        stage_.tcp("pod to pod across nodes" + suffix, a1_->netns, b1_->address(family),
                   own.text());
        const auto node = v4 ? ip("10.0.0.10") : ip("fd00:10::10");
        stage_.tcp("pod to its node" + suffix, a1_->netns, node, own.text());
        stage_.tcp("node to its pod" + suffix, a().node.netns(), own, node.text());
        stage_.tcp("pod to outside" + suffix, a1_->netns,
                   v4 ? ip("203.0.113.10") : ip("2001:db8:ffff::10"),
                   v4 ? "203.0.113.1" : own.text());
    }
}

void SecondaryIp::cheat() {
    const auto receiver = udp_receiver(b1_->netns.fd(), 9);
    const auto& target = b1_->address(Family::V4);
    story_.step("UDP from the pod's own address arrives", [&] {
        send_udp_from(a1_->netns.fd(), a1_->address(Family::V4), target, 9, "true");
        if (!arrives(receiver.get(), "true", after(kPatience))) {
            refute("it did not");
        }
        return "at " + target.text();
    });
    story_.step("UDP from another pod's address does not", [&] {
        send_udp_from(a1_->netns.fd(), a2_->address(Family::V4), target, 9, "false");
        if (arrives(receiver.get(), "false", after(kSilence))) {
            refute("the forged packet arrived");
        }
        return "forged source " + a2_->address(Family::V4).text() +
               " of the same ENI, dropped by the guard";
    });
}

void SecondaryIp::grow() {
    story_.act("More pods than are warm");
    const auto mark = a().cloud.mark();
    story_.step(std::to_string(kBurst) + " ADDs at once on node-a", [&] {
        const auto pool = PoolView::of(a().node);
        if (pool.idle >= kBurst) {
            refute("all of them would be warm: " + pool.text());
        }
        return Crowd(a(), kBurst).join() + "; " + std::to_string(pool.idle) + " were warm";
    });
    settle("the pool has grown by a second ENI", a());
    story_.step("with few calls", [&] {
        const auto calls = a().cloud.since(mark);
        if (calls.of("CreateNetworkInterface") != 1 || PoolView::of(a().node).enis.size() != 2) {
            refute(calls.text());
        }
        return calls.text();
    });
    story_.step("every pod has addresses of its own", [this] { return all_different(); });
}

std::string SecondaryIp::all_different() const {
    std::set<IpAddress> seen;
    for (const auto& host : hosts_) {
        for (const auto& pod : host.pods) {
            if (pod.addresses.size() != 2) {
                refute(pod.name + " has " + std::to_string(pod.addresses.size()) + " addresses");
            }
            for (const auto& address : pod.addresses) {
                if (!seen.insert(address).second) {
                    refute(address.text() + " is " + pod.name + "'s and another's");
                }
            }
        }
    }
    return std::to_string(seen.size()) + " different ones on " + std::to_string(hosts_.size()) +
           " nodes";
}

void SecondaryIp::settle(const std::string& claim, Host& host) {
    story_.step(claim, [&] {
        const auto agreed =
            eventually([&] { return agreement(host.node, host.cloud); }, std::chrono::seconds(20));
        return PoolView::of(host.node).text() + "; " + agreed;
    });
}

void secondary_ip(Story& story) {
    SecondaryIp(story).perform();
}

}  // namespace terway::sim::demo
